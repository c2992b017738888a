"""Sessions in the database, asked only for keys that can be there, and listed to their owner by the key they have."""

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """All of our keys are letters and digits.

    Django looks up whatever a cookie holds; PostgreSQL refuses a text with a NUL in it, which would be an error on
    every page for whoever sends one.
    """

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key if session_key and session_key.isalnum() else None)

    def cycle_key(self) -> Any:
        """As at a log-in, and as with the first page after SECRET_KEY has become another one."""
        from allauth.usersessions.models import UserSession  # noqa: PLC0415 — models come after this

        before = self.session_key
        super().cycle_key()
        if before:
            # Or the list of sessions would not have this one any more, and nobody could end it from elsewhere.
            UserSession.objects.filter(session_key=before).update(session_key=self.session_key)
