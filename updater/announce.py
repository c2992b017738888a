"""The one way to tell open browsers: the notice in the database, then the doorbell; or a signal, which is not kept."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from typing import Any

import redis.exceptions
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction
from structlog.contextvars import get_contextvars

from . import log, ringer
from .calm import Calm

GROUP = "updates"

calm = Calm()
logger = logging.getLogger(__name__)


def announce(subject: int, content: Mapping[str, str] | None) -> None:
    """Enter a notice in the log within the open transaction, and ring when it is committed.

    Args:
        subject: the id that clients know as `new_id`.
        content: the other fields of `update_notice`; None says that the subject is removed.
    """
    notice = log.write(subject, content)
    transaction.on_commit(lambda: ring(notice), robust=True)


def signal(message: Mapping[str, Any], *, to: int | None = None, number: int | None = None) -> None:
    """Send now what is only worth something now: it has no cursor, and who is away does not get it later.

    Args:
        message: what sockets are sent: `type`, and the fields of that type.
        to: the id of the person whose sockets alone get it; None for everybody's.
        number: of the messages about one `new_id` the one with the highest is the latest. Such messages may
            overtake each other and be many: an older one is dropped, and of several at once the latest is sent.
    """
    event = {"type": "signal", "text": json.dumps(message, ensure_ascii=False), "to": to}
    if number is not None:
        event |= {"subject": message["new_id"], "number": number}
    _group_send(event, f"A message of type {message['type']} was not sent; pages fetch it when they come back.")


def look_again(*, person: int | None = None, session: str | None = None) -> None:
    """Have all processes see at once who is still logged in at a person's sockets, or at a session's (by its mark).

    Without it they see when its turn comes.
    """
    _group_send(
        {"type": "look_again", "person": person, "session": session},
        "Who is still logged in at some sockets is seen when their turn comes.",
    )


def ring(notice: log.Notice) -> None:
    """Wake the hubs. Nothing depends on it but speed: a hub that hears nothing reads the log at its next tick."""
    request_id = get_contextvars().get("request_id")
    _group_send(
        {"type": "notice", **notice.as_event(), "rung_at": time.time(), "request_id": request_id},
        f"Notice {notice.number} was not rung; readers get it at the next tick.",
    )


def _group_send(event: dict[str, Any], otherwise: str) -> None:
    """Hand an event to the hubs of all processes; `otherwise` is logged where that cannot be done."""
    if calm.quiet:
        logger.info("%s The channel layer failed a moment ago.", otherwise)
        return
    try:
        ringer.run(_send(event))
    except (redis.exceptions.RedisError, OSError) as error:
        calm.failed()
        logger.warning("%s (%r)", otherwise, error)


async def _send(event: dict[str, Any]) -> None:
    # The layer sends one after the other: behind a frozen Redis the wait for the others' turn counts, too.
    async with asyncio.timeout(settings.REDIS_PATIENCE):
        await get_channel_layer().group_send(GROUP, event)
