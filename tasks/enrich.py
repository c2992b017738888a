"""The pipeline, as Celery runs it: a post is claimed, its book completed, its text rendered, and readers are told."""

import logging
import random
from copy import copy
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from posts import index
from posts.models import Book, Post, Step, slug_of
from posts.notifications import notify_of_post
from posts.outbox import MOST_ATTEMPTS
from posts.rendering import Rendering, render_body
from posts.tags import keep_tags
from updater.announce import announce

from . import books, meters
from .notices import notice_of
from .queue import enqueue
from .signals import tell_author, tell_step

FIRST_BACK_OFF, LONGEST_BACK_OFF = 1.0, 30.0  # seconds, while readers wait for the post
FIRST_LATE_BACK_OFF, LONGEST_LATE_BACK_OFF = 5.0, 6 * 3600.0  # seconds, where only its cover is still to come
SWEEP_SIZE = 200
# What the sweep has just put in the queue it leaves alone for so long; a message may be lost again.
SWEEP_PAUSE = timedelta(seconds=10)

logger = logging.getLogger(__name__)


class Superseded(Exception):
    """The claim no longer stands: the post was edited, deleted or taken over. What was made of it is dropped."""


@shared_task(name="tasks.enrich.enrich_post")
def enrich_post(post_id: int) -> dict[str, Any]:
    """Bring one post to its readers. Harmless to run twice, at once or later: only a claim does anything.

    Returns:
        What came of it, and what each source that was asked answered: for the operator's history.
    """
    sources: dict[str, str] = {}
    return {"post": post_id, "came": attempt(post_id, sources), "sources": sources}


def attempt(post_id: int, sources: dict[str, str]) -> str:
    post = Post.objects.claim(post_id)
    if post is None:
        return "nothing to do"
    try:
        return enrich(post, sources)
    except books.Postponed as postponed:
        if is_late(post) and post.attempts >= MOST_ATTEMPTS:
            post.finish()
            return f"done without: {postponed}"
        wait = max(postponed.wait, back_off(post) if postponed.tried or is_late(post) else 0)
        return postpone(post, wait, postponed)
    except Superseded:
        return "superseded"
    except Exception as error:  # a mistake of ours, or a time limit; the post must not be lost over it
        logger.exception("Post %s could not be enriched.", post_id)
        if post.attempts >= MOST_ATTEMPTS:
            post.fail(f"{type(error).__name__}: {error}")
            tell_author(post.pk)
            return f"failed: {error!r}"
        return postpone(post, back_off(post), error)


def enrich(post: Post, sources: dict[str, str]) -> str:
    book = books.book_of(post)
    if book is not None and (is_late(post) or timezone.now() < deadline(post)):
        books.complete(book, lambda step: reached(post, step), sources, patient=post.imported)
    return publish(post, book)


def is_late(post: Post) -> bool:
    """Whether readers have it already, without what the catalogue owed at its deadline."""
    return post.step == Step.PUBLISHED


def is_awaited(post: Post) -> bool:
    """Whether its author looks at this very post: not where only its cover is late, or where it is one of many."""
    return not is_late(post) and not post.imported


def deadline(post: Post) -> datetime:
    """From then on the post goes out without what the catalogue still owes."""
    return post.submitted_at + timedelta(seconds=settings.ENRICH_DEADLINE)


def reached(post: Post, step: Step) -> None:
    if not post.note(step=Step.PUBLISHED if is_late(post) else step):
        raise Superseded
    if is_awaited(post):
        tell_author(post.pk)


def publish(post: Post, book: Book | None) -> str:
    """Make the post visible as it now reads, and tell every reader, in one transaction or not at all."""
    awaited, is_new = is_awaited(post), post.published_at is None
    post = copy(post)  # of which the caller's stays what it was, if it comes to nothing
    rendering = render_body(post.body)
    with transaction.atomic():
        if book is not None:
            books.hold(book)
        columns = shown(post, book, rendering)
        for name, value in columns.items():
            setattr(post, name, value)
        owed = book is not None and books.is_owed(book)
        again_at = timezone.now() + timedelta(seconds=FIRST_LATE_BACK_OFF) if owed else None
        notice = notice_of(post)
        if not post.finish(again_at, **columns):
            raise Superseded
        keep_tags(post, columns["published_at"], is_new=is_new)
        index.keep(post)
        if not post.imported:  # hundreds at once, which were written elsewhere and long ago
            notify_of_post(post, is_new=is_new)
        if Post.objects.published().filter(pk=post.pk).exists():  # the edit of a hidden one is nobody's news
            announce(post.pk, notice)  # last: from here on other writers of notices wait
    if awaited:
        meters.announced.observe((timezone.now() - post.submitted_at).total_seconds())
        tell_step(post.pk, post.author_id, Step.PUBLISHED)
    return "published without a cover, for now" if owed else "published"


def shown(post: Post, book: Book | None, rendering: Rendering) -> dict[str, Any]:
    """The columns that readers see."""
    return {
        "step": Step.PUBLISHED,
        "book": book,
        "shown_title": post.title,
        # What the author wrote wins over what the catalogue says.
        "shown_book_title": post.book_title or (str(book) if book else ""),
        "shown_book_author": post.book_author or (book.author if book else ""),
        "slug": slug_of(post.title),
        "html": rendering.html,
        # Lists and alerts are read by people who have not read the book.
        "excerpt": "" if post.spoiler else rendering.excerpt,
        "shown_spoiler": post.spoiler,
        "shown_tags": post.tags,
        "minutes": rendering.minutes,
        "published_at": post.published_at or timezone.now(),
        "index_due": False,
        # Before the first readers there is nothing that could be edited.
        "shown_edited_at": post.edited_at if is_edited(post) else None,
    }


def is_edited(post: Post) -> bool:
    return bool(post.published_at and post.edited_at and post.edited_at > post.published_at)


def back_off(post: Post) -> float:
    """Seconds: doubling with each attempt, with jitter."""
    first, longest = FIRST_BACK_OFF, LONGEST_BACK_OFF
    if is_late(post):
        first, longest = FIRST_LATE_BACK_OFF, LONGEST_LATE_BACK_OFF
    return random.uniform(0.5, 1) * min(longest, first * 2.0 ** min(post.attempts, MOST_ATTEMPTS))


def postpone(post: Post, wait: float, reason: Exception) -> str:
    """Give the post back for some seconds, but not beyond its deadline where that is still to come."""
    now = timezone.now()
    if now < deadline(post):
        wait = min(wait, (deadline(post) - now).total_seconds())
    # For a late cover nobody waits: while the catalogue is left alone its waits grow all the same.
    tried = not isinstance(reason, books.Postponed) or reason.tried or is_late(post)
    if not post.postpone(now + timedelta(seconds=wait), str(reason) or type(reason).__name__, tried=tried):
        return "superseded"
    if is_awaited(post):
        tell_author(post.pk)
    # The sweep is up to five seconds late. A long wait is its own all the same: the broker delivers again what
    # a worker keeps for minutes.
    if wait <= LONGEST_BACK_OFF:
        enqueue(post.pk, countdown=wait, imported=post.imported)
    return f"postponed: {reason}"


@shared_task(name="tasks.enrich.sweep", ignore_result=True)
def sweep() -> None:
    """Put in the queue whatever is overdue: its message was lost, or its worker, or its time has come."""
    now = timezone.now()
    reclaimed = Post.objects.reclaim(now)
    for post_id in reclaimed:
        tell_author(post_id)  # some of them have been given up
    overdue = Post.objects.overdue(now).only("pk", "imported", "step", "attempts")[:SWEEP_SIZE]
    posts = list(takewhile(lambda post: enqueue(post.pk, imported=post.imported), overdue))
    sent = [post.pk for post in posts]
    Post.objects.put_off(sent, now, now + SWEEP_PAUSE)
    meters.sweeps.inc()
    # The others' time has come, as was meant: those that were put off, and covers that come late.
    meters.rescued.inc(len(reclaimed) + sum(post.step == Step.SAVED and not post.attempts for post in posts))
    if reclaimed or sent:
        logger.info("The sweep took back %s posts and put %s in the queue.", len(reclaimed), len(sent))
