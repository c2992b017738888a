"""What happens beside a row's being saved or deleted, wherever that is done: the form, the admin, a cascade."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from posts.books import corrected
from posts.counts import goes_with_its_post
from posts.models import Book, Comment, Import, Like, Lookup, Post, Step
from posts.moderation import hidden_or_restored
from posts.notifications import notified
from posts.outbox import State
from updater import log
from updater.announce import announce

from .notices import notice_of
from .queue import enqueue, enqueue_import, enqueue_lookup
from .signals import tell_counts, tell_step, tell_unread

# Whoever saves waits for no broker. One thread, so that posts are handed over in the order in which they were saved;
# at its end a process waits for it. A worker's children, which save imported posts, have forked by then; of what one
# leaves undone the sweep knows.
hands = ThreadPoolExecutor(1, "hand-over")
# A signal takes a third of a millisecond, and nobody is to wait for more of them; others see it on their next page.
MOST_TOLD = 300
MOST_CHANGED = 50  # posts of one book that may be on open pages
logger = logging.getLogger(__name__)


def submit(work: Callable[..., object], *arguments: object) -> None:
    """Leave it to that thread, which does it as a part of the request that asks for it here."""
    hands.submit(copy_context().run, work, *arguments)


@receiver(post_save, sender=Post, dispatch_uid="enqueue a saved post")
def enqueue_saved(instance: Post, **kwargs: Any) -> None:
    if instance.state == State.PENDING:
        post_id, author_id, imported = instance.pk, instance.author_id, instance.imported
        transaction.on_commit(lambda: submit(hand_over, post_id, author_id, imported), robust=True)


def hand_over(post_id: int, author_id: int, imported: bool) -> None:
    """Put a saved post in the queue, and say so to its author's pages before a worker says more."""
    try:
        if not imported:
            tell_step(post_id, author_id, Step.SAVED)
        enqueue(post_id, imported=imported)
    except Exception:  # whatever it is, the sweep does not depend on it
        logger.exception("Post %s is left to the sweep; it could not be handed over.", post_id)


@receiver(post_delete, sender=Post, dispatch_uid="announce a deleted post")
def announce_deleted(instance: Post, **kwargs: Any) -> None:
    # Of a post that was never published nobody knows; its id is nobody's business either.
    if log.announced(instance.pk):
        announce(instance.pk, None)


@receiver(hidden_or_restored, dispatch_uid="announce a hidden or restored post")
def announce_hidden_or_restored(post: Post, **kwargs: Any) -> None:
    announce(post.pk, notice_of(post) if post.hidden_at is None else None)


@receiver(corrected, dispatch_uid="announce what a corrected book changes")
def announce_corrected(book: Book, **kwargs: Any) -> None:
    """To pages that show its newest posts; the others show it with their next request."""
    newest = Post.objects.published().filter(book=book).newest_first().select_related("author", "book")
    notices = [(post.pk, notice_of(post)) for post in newest[:MOST_CHANGED]]  # all, before the first makes others wait
    for post_id, notice in notices:
        announce(post_id, notice)


@receiver(notified, dispatch_uid="tell of notifications")
def tell_notified(people: list[int], **kwargs: Any) -> None:
    transaction.on_commit(lambda: tell_unread(people[:MOST_TOLD]), robust=True)


@receiver([post_save, post_delete], sender=Like, dispatch_uid="tell of likes")
@receiver([post_save, post_delete], sender=Comment, dispatch_uid="tell of comments")
def tell_counted(instance: Like | Comment, origin: object = None, **kwargs: Any) -> None:
    if not goes_with_its_post(origin):
        post_id = instance.post_id
        transaction.on_commit(lambda: tell_counts(post_id), robust=True)


@receiver(post_save, sender=Lookup, dispatch_uid="enqueue a lookup")
def enqueue_saved_lookup(instance: Lookup, **kwargs: Any) -> None:
    lookup_id = instance.pk
    transaction.on_commit(lambda: submit(enqueue_lookup, lookup_id), robust=True)


@receiver(post_save, sender=Import, dispatch_uid="enqueue an import")
def enqueue_saved_import(instance: Import, **kwargs: Any) -> None:
    import_id = instance.pk
    transaction.on_commit(lambda: submit(enqueue_import, import_id), robust=True)
