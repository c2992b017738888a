"""Sessions in the database, asked only for keys that can be there."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """All of our keys are letters and digits.

    Django looks up whatever a cookie holds; PostgreSQL refuses a text with a NUL in it, which would be an error on
    every page for whoever sends one.
    """

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key if session_key and session_key.isalnum() else None)
