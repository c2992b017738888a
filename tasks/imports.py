"""Imports, as Celery runs them: rows of a file become posts, a few at a time, behind all that people write."""

import logging
from datetime import timedelta
from itertools import takewhile

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from posts import goodreads
from posts.models import Import, ImportRow, Post, RowState
from posts.outbox import MOST_ATTEMPTS, State

from .queue import enqueue_import
from .signals import tell_import

# Posts of one import that are on their way at once. At one look-up in two seconds, which is what is left to imports
# where a catalogue is asked the slowest, so many are through before the deadline at which they would go out without.
WINDOW = 20
ROWS_AT_ONCE = 200
PAUSE = timedelta(seconds=1)
BACK_OFF = timedelta(seconds=10)
SWEEP_SIZE = 200
SWEEP_PAUSE = timedelta(seconds=10)
OURS = "Something went wrong on our side."

logger = logging.getLogger(__name__)


@shared_task(name="tasks.imports.go_on", ignore_result=True)
def go_on(import_id: int) -> None:
    """Bring one import a little further. Harmless to run twice, at once or later: only a claim does anything."""
    batch = Import.objects.claim(import_id)
    if batch is None:
        return
    try:
        settle(batch)
        make_some(batch)
    except Exception as error:  # a mistake of ours, or a time limit; the import must not be lost over it
        logger.exception("Import %s could not go on.", import_id)
        if batch.attempts >= MOST_ATTEMPTS:
            batch.fail(f"{type(error).__name__}: {error}")
            tell_import(batch)
        else:
            batch.postpone(timezone.now() + BACK_OFF, repr(error), tried=True)
        return
    if batch.rows.filter(state__in=[RowState.WAITING, RowState.MADE]).exists():
        if batch.postpone(timezone.now() + PAUSE, "", tried=False):
            tell_import(batch)
            enqueue_import(batch.pk, countdown=PAUSE.total_seconds())
    elif batch.finish():
        tell_import(batch, done=True)


def settle(batch: Import) -> None:
    """Note what came of the posts that were on their way."""
    made = batch.rows.filter(state=RowState.MADE)
    made.filter(post__published_at__isnull=False).update(state=RowState.DONE, fields={})
    unpublished = made.filter(post__published_at=None)
    unpublished.filter(post__state=State.FAILED).update(state=RowState.FAILED, reason=OURS)
    made.filter(post=None).update(state=RowState.FAILED, reason="Its post was deleted before anybody saw it.")


def make_some(batch: Import) -> None:
    """Make posts of the next rows, as many as there is room for."""
    room = WINDOW - batch.rows.filter(state=RowState.MADE).count()
    waiting: QuerySet[ImportRow] = batch.rows.filter(state=RowState.WAITING).order_by("number")
    for row in waiting[:ROWS_AT_ONCE]:
        if room <= 0:
            return
        if make(row, batch.person_id) == RowState.MADE:
            room -= 1


def make(row: ImportRow, person_id: int) -> RowState:
    """Make a post of a row that waits, and say in the row what came of it, in one transaction."""
    try:
        with transaction.atomic():
            # This locks it: another worker, of a claim that ran out, may have come to it, too.
            if not ImportRow.objects.filter(pk=row.pk, state=RowState.WAITING).update(state=RowState.MADE):
                return RowState.DONE
            if row.post_id is not None and submitted_again(row.post_id):
                return RowState.MADE
            key = goodreads.key_of(row.fields)
            post = Post.objects.filter(author_id=person_id, key=key).first()
            state = RowState.DUPLICATE if post else RowState.MADE
            if post is None:
                post = Post(author_id=person_id, key=key, imported=True, **goodreads.written(row.fields))
                post.submit()
            # What a duplicate says is not needed any more; what has become a post is, should that fail.
            fields = {} if state == RowState.DUPLICATE else row.fields
            ImportRow.objects.filter(pk=row.pk).update(state=state, post=post, fields=fields)
            return state
    except goodreads.Unfit as unfit:
        return failed(row, str(unfit))
    except (OperationalError, SoftTimeLimitExceeded):  # this has nothing to do with the row
        raise
    except Exception:  # a mistake of ours, or a post that came with this key just now; it must not hold up the others
        logger.exception("Row %s of import %s could not be made a post.", row.number, row.import_of_id)
        return failed(row, OURS)


def submitted_again(post_id: int) -> bool:
    """Give a row's earlier post another try where it has failed; False where it is gone."""
    post = Post.objects.lock(post_id)
    if post and post.state == State.FAILED:
        post.submit()
    return post is not None


def failed(row: ImportRow, reason: str) -> RowState:
    waiting = ImportRow.objects.filter(pk=row.pk, state=RowState.WAITING)
    waiting.update(state=RowState.FAILED, reason=reason)
    return RowState.FAILED


@shared_task(name="tasks.imports.sweep", ignore_result=True)
def sweep() -> None:
    """Put in the queue what is overdue, as the posts' own sweep does."""
    now = timezone.now()
    Import.objects.reclaim(now)
    overdue = Import.objects.overdue(now).values_list("pk", flat=True)[:SWEEP_SIZE]
    sent = list(takewhile(enqueue_import, overdue))
    Import.objects.put_off(sent, now, now + SWEEP_PAUSE)
    if sent:
        logger.info("The sweep put %s imports in the queue.", len(sent))
