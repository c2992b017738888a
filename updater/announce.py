"""The one way to tell every open browser: the notice in the database, then the doorbell."""

import logging
from collections.abc import Mapping

import redis.exceptions
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from . import log

GROUP = "updates"

logger = logging.getLogger(__name__)


def announce(subject: int, content: Mapping[str, str] | None) -> None:
    """Enter a notice in the log within the open transaction, and ring when it is committed.

    Args:
        subject: the id that clients know as `new_id`.
        content: the other fields of `update_notice`; None says that the subject is removed.
    """
    notice = log.write(subject, content)
    transaction.on_commit(lambda: ring(notice))


def ring(notice: log.Notice) -> None:
    """Wake the hubs. Nothing depends on it but speed: a hub that hears nothing reads the log at its next tick."""
    try:
        async_to_sync(get_channel_layer().group_send)(GROUP, {"type": "notice", **notice.as_event()})
    except (redis.exceptions.RedisError, OSError) as error:
        logger.warning("Notice %s was not rung (%s); readers get it at the next tick.", notice.number, error)
