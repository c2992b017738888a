"""Notes once a minute how much waits, and forgets what is older than two days."""

import logging
from datetime import timedelta

from celery import current_app, shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from posts.models import Post

from .models import Reading, Song

KEPT = timedelta(days=2)

logger = logging.getLogger(__name__)


@shared_task(name="tasks.watch.read", ignore_result=True)
def read() -> None:
    now = timezone.now()
    waiting = queued()
    queued_now = None if waiting is None else sum(waiting.values())
    Reading.objects.create(at=now, queued=queued_now, overdue=Post.objects.late(now).count())
    for model in (Reading, Song):
        model._default_manager.filter(at__lt=now - KEPT).delete()


def queued() -> dict[str, int] | None:
    """How many messages wait in each queue; None where the broker cannot be asked."""
    try:
        with current_app.connection_for_read() as connection:
            channel = connection.default_channel
            names = [queue.name for queue in settings.CELERY_TASK_QUEUES]
            return {name: channel.queue_declare(queue=name).message_count for name in names}  # type: ignore[attr-defined]
    except OperationalError as error:
        logger.warning("How much waits in the queues is not known: %s", error)
        return None
