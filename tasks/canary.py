"""The canary: every few minutes a post that no reader ever sees goes the whole way, and its time is taken at a socket.

It is hidden from its first moment, so no list and no notice has it, and its author's own pages alone hear how far it
is: that word comes from the worker that has published it, through the channel layer, a hub and a socket, as news do.
"""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import shared_task
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from posts.models import Post, Step

from .models import Song

NAME = "the canary"  # nobody can sign up as somebody with a space
PATIENCE = 15.0  # seconds, less than a task may take

logger = logging.getLogger(__name__)


@shared_task(name="tasks.canary.sing", ignore_result=True)
def sing() -> None:
    """Take the time once, and note it."""
    song = Song()
    try:
        song.milliseconds = round(1000 * seconds_to_socket())
    except (OSError, WebSocketException) as error:  # a time-out is an OSError
        song.trouble = f"{type(error).__name__}: {error}"[:200]
        logger.warning("The canary did not sing: %s", song.trouble)
    song.save()


def seconds_to_socket() -> float:
    """From a save to its author's own socket.

    Raises:
        OSError: the site cannot be reached, or nothing came within PATIENCE.
        WebSocketException: it refuses, or ends the connection.
    """
    author = User.objects.get_or_create(username=NAME, defaults={"password": "!"})[0]
    Post.objects.filter(author=author).delete()  # of a run that was killed
    with logged_in(author) as cookie, listening(cookie) as socket:
        began = time.monotonic()
        post = Post(author=author, title="Tweet", body="Tweet.", hidden_at=timezone.now())
        post.submit()
        try:
            while not is_published(receive(socket, began + PATIENCE), post):
                pass
            return time.monotonic() - began
        finally:
            post.delete()


@contextmanager
def logged_in(author: User) -> Iterator[str]:
    """The cookie of a session that ends with the block."""
    session = SessionStore()
    session[SESSION_KEY] = str(author.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = author.get_session_auth_hash()
    session.set_expiry(60)
    session.create()
    try:
        yield f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
    finally:
        session.delete()


def listening(cookie: str) -> ClientConnection:
    address = settings.SITE_URL.replace("http", "ws", 1) + "/ws/update_notice/"
    return connect(
        address,
        origin=Origin(settings.SITE_URL),
        additional_headers={"Cookie": cookie},
        open_timeout=PATIENCE,
        close_timeout=1,
        proxy=None,
    )


def receive(socket: ClientConnection, until: float) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(socket.recv(timeout=max(0, until - time.monotonic())))
    return message


def is_published(message: dict[str, Any], post: Post) -> bool:
    return (message["type"], message.get("new_id"), message.get("step")) == ("progress", post.pk, Step.PUBLISHED)
