"""The one way to tell every open browser: the notice in the database, then the doorbell."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import redis.exceptions
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction

from . import log
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


def ring(notice: log.Notice) -> None:
    """Wake the hubs. Nothing depends on it but speed: a hub that hears nothing reads the log at its next tick."""
    if calm.quiet:
        logger.info("Notice %s was not rung; the channel layer failed a moment ago.", notice.number)
        return
    try:
        async_to_sync(_send)({"type": "notice", **notice.as_event()})
    except (redis.exceptions.RedisError, OSError) as error:
        calm.failed()
        logger.warning("Notice %s was not rung (%r); readers get it at the next tick.", notice.number, error)


async def _send(event: dict[str, Any]) -> None:
    # The layer sends one after the other: behind a frozen Redis the wait for the others' turn counts, too.
    async with asyncio.timeout(settings.REDIS_PATIENCE):
        await get_channel_layer().group_send(GROUP, event)
