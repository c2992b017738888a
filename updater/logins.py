"""Who is logged in by a session, read from the database: once when a socket opens, and again until it closes."""

import hashlib
from collections.abc import Iterable

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare


def mark(session: str) -> str:
    """Names a session to other processes, and lets nobody in."""
    return hashlib.sha256(session.encode()).hexdigest()


def read(sessions: Iterable[str]) -> dict[str, int]:
    """By which of these session keys somebody is logged in, and who: a person's id. Nothing is written.

    Raises:
        DatabaseError
    """
    # Keys of ours are letters and digits; PostgreSQL refuses to look for some others.
    keys = {session for session in sessions if session.isalnum()}
    rows = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    found = {row.session_key: row.get_decoded() for row in rows}
    known = {key: data for key, data in found.items() if SESSION_KEY in data and HASH_SESSION_KEY in data}
    people = User.objects.filter(is_active=True).in_bulk([int(data[SESSION_KEY]) for data in known.values()])
    logins = {}
    for key, data in known.items():
        person = people.get(int(data[SESSION_KEY]))
        if person and proves(data[HASH_SESSION_KEY], person):
            logins[key] = person.pk
    return logins


def proves(proof: str, person: User) -> bool:
    """Whether a session was made with the password that is still this person's, and a key that is still ours."""
    proofs = (person.get_session_auth_hash(), *person.get_session_auth_fallback_hash())
    return any(constant_time_compare(proof, each) for each in proofs)
