"""Putting posts in the queue, calmly: whoever saves a post never waits long for a broker, and never fails by it."""

import functools
import logging
import re
import uuid

from celery import current_app
from django.conf import settings
from kombu import Connection
from kombu.exceptions import LimitExceeded, OperationalError
from kombu.pools import producers

from updater.calm import Calm

ENRICH = "tasks.enrich.enrich_post"
GO_ON = "tasks.imports.go_on"
LOOK_UP = "tasks.lookups.look_up"
IMPORTS = "imports"  # the queue of what nobody waits for
LOOKUPS = "lookups"  # beside it, of what somebody who types may look at
# With a retry a frozen Redis takes 3 to 4.5 s, without 1.5; a connection that is merely stale is renewed either way.
ONE_TRY = {"max_retries": 0}

calm = Calm()
logger = logging.getLogger(__name__)


def enqueue(post_id: int, countdown: float = 0, *, imported: bool = False) -> bool:
    """Ask a worker to enrich a post; False where the broker did not take it and the sweep will.

    Args:
        countdown: seconds until a worker may begin.
        imported: whether it came with many others, which no post that somebody has just written is to wait behind.
    """
    return _send(ENRICH, post_id, f"Post {post_id}", task_ids(post_id), IMPORTS if imported else "enrich", countdown)


def enqueue_import(import_id: int, countdown: float = 0) -> bool:
    """The same for an import, to go on with it."""
    return _send(GO_ON, import_id, f"Import {import_id}", f"import-{import_id}-", IMPORTS, countdown)


def enqueue_lookup(lookup_id: int, countdown: float = 0) -> bool:
    """The same for a lookup; where it is not taken, nothing is found for now."""
    return _send(LOOK_UP, lookup_id, f"Lookup {lookup_id}", f"lookup-{lookup_id}-", LOOKUPS, countdown)


def _send(task: str, pk: int, what: str, ids: str, queue: str, countdown: float) -> bool:
    if calm.quiet:
        logger.info("%s is left to the sweep; the broker failed a moment ago.", what)
        return False
    try:
        with producers[_impatient()].acquire(block=True, timeout=settings.REDIS_PATIENCE) as producer:
            if calm.quiet:  # it failed for another thread while this one waited for a producer
                return False
            current_app.send_task(
                task,
                (pk,),
                task_id=f"{ids}{uuid.uuid4().hex}",
                queue=queue,
                countdown=countdown or None,
                producer=producer,
                retry_policy=ONE_TRY,
            )
    except (OperationalError, LimitExceeded) as error:
        calm.failed()
        logger.warning("%s is left to the sweep; the broker did not take it: %s", what, error)
        return False
    return True


def task_ids(post_id: int) -> str:
    """What the ids of a post's tasks begin with; by that results are found by their post."""
    return f"enrich-{post_id}-"


def post_of(task_id: str) -> int | None:
    """The id of the post that a task is about; None where it is about none."""
    match = re.match(r"enrich-([0-9]+)-", task_id)
    return int(match[1]) if match else None


@functools.cache
def _impatient() -> Connection:
    """The broker, with time-outs for somebody who waits for a page; a worker's own have to outlast its idling."""
    patience = {"socket_timeout": settings.REDIS_PATIENCE, "socket_connect_timeout": settings.REDIS_PATIENCE}
    connection: Connection = current_app.connection_for_write(
        transport_options={**settings.CELERY_BROKER_TRANSPORT_OPTIONS, **patience}
    )
    return connection
