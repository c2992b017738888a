"""Brings a book's row up to date: one worker at a time asks the catalogue, and the answer is kept for all posts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import redis
from django.db.models import Q
from django.utils import timezone

from posts.models import Book, Outcome, Post, Step

from . import covers, limits, openlibrary
from .outside import NoAnswer, Outside

# Longer than an attempt may take outside; a worker that died does not keep others away for long.
ASKING = timedelta(seconds=15)
BUSY_WAIT = 2.0  # seconds until a look whether the other worker is through
MISS_KEPT = timedelta(days=1)  # a miss can be an error that was swallowed over there


class Postponed(Exception):
    """The book is not complete yet, and asking again later is worth it.

    `wait`: seconds to wait at least. `tried`: whether the catalogue was asked.
    """

    def __init__(self, reason: str, *, wait: float = 0, tried: bool) -> None:
        super().__init__(reason)
        self.wait = wait
        self.tried = tried


def book_of(post: Post) -> Book | None:
    """The row of the book that the author named, made where it is the first post about it."""
    key = Book.key_of(post.isbn, post.book_title, post.book_author)
    if not key:
        return None
    # What one author typed beside an ISBN is that post's; it does not name the book for all others.
    typed = {"isbn": post.isbn} if post.isbn else {"title": post.book_title, "author": post.book_author}
    return Book.objects.get_or_create(key=key, defaults=typed)[0]


def complete(book: Book, reached: Callable[[Step], None], sources: dict[str, str]) -> None:
    """Ask the catalogue for what the row does not know yet. Does nothing where all is known.

    Args:
        reached: told of each step before it is begun.
        sources: filled with what each one that was asked answered, by its name, and what came of the "cover".

    Raises:
        Postponed: not now, or not yet.
    """
    if not is_owed(book):
        return
    until = timezone.now() + ASKING
    free = Q(asking_until__isnull=True) | Q(asking_until__lt=timezone.now())
    if not Book.objects.filter(free, pk=book.pk).update(asking_until=until):
        raise Postponed("another worker asks about this book", wait=BUSY_WAIT, tried=False)
    try:
        book.refresh_from_db()  # another one may have asked meanwhile
        ask(book, reached, sources)
    finally:
        # Not where this took so long that it is another's turn by now.
        Book.objects.filter(pk=book.pk, asking_until=until).update(asking_until=None)


def ask(book: Book, reached: Callable[[Step], None], sources: dict[str, str]) -> None:
    with Outside() as outside:
        if lookup_is_due(book):
            wait_for_turn()
            reached(Step.LOOKING_UP)
            look_up(book, outside, sources)
        if cover_is_due(book):
            # By their number covers are outside of the limit (openlibrary.org/dev/docs/api/covers).
            wait_for_breaker()
            reached(Step.COVER)
            fetch_cover(book, outside, sources)


def is_owed(book: Book) -> bool:
    """Whether the catalogue has still to say something about it."""
    return lookup_is_due(book) or cover_is_due(book)


def lookup_is_due(book: Book) -> bool:
    if not book.isbn:
        return False
    if book.outcome == Outcome.NOT_FOUND:
        return book.asked_at is None or book.asked_at < timezone.now() - MISS_KEPT
    return book.outcome != Outcome.FOUND


def cover_is_due(book: Book) -> bool:
    return book.cover_id is not None and book.cover_outcome not in (Outcome.FOUND, Outcome.NOT_FOUND)


def wait_for_breaker() -> None:
    """Raises Postponed while the catalogue is left alone."""
    wait_if(limits.seconds_left_alone, f"{openlibrary.NAME} is being left alone")


def wait_for_turn() -> None:
    """Raises Postponed where this is not the moment to ask."""
    wait_for_breaker()
    wait_if(limits.seconds_to_wait, f"over the rate limit of {openlibrary.NAME}")


def wait_if(seconds: Callable[[str], float], reason: str) -> None:
    try:
        wait = seconds(openlibrary.NAME)
    except redis.RedisError as error:
        raise Postponed(f"the catalogue's limits cannot be read: {error}", wait=BUSY_WAIT, tried=False) from error
    if wait > 0:
        raise Postponed(reason, wait=wait, tried=False)


def look_up(book: Book, outside: Outside, sources: dict[str, str]) -> None:
    now = timezone.now()
    try:
        found = openlibrary.by_isbn(outside, book.isbn)
    except NoAnswer as error:
        sources[openlibrary.NAME] = error.outcome.value
        record(book, outcome=error.outcome, asked_at=now)
        accept(error)
    else:
        sources[openlibrary.NAME] = Outcome.FOUND.value
        record(book, outcome=Outcome.FOUND, asked_at=now, **vars(found))
        limits.heard(openlibrary.NAME, reachable=True)


def fetch_cover(book: Book, outside: Outside, sources: dict[str, str]) -> None:
    assert book.cover_id is not None  # cover_is_due has seen to it
    try:
        cover = covers.fetch(outside, book.cover_id)
    except NoAnswer as error:
        sources["cover"] = error.outcome.value
        record(book, cover_outcome=error.outcome)
        accept(error)
    else:
        sources["cover"] = Outcome.FOUND.value
        record(
            book,
            cover_outcome=Outcome.FOUND,
            cover_small=cover.small,
            cover_large=cover.large,
            cover_width=cover.width,
            cover_height=cover.height,
        )
        limits.heard(openlibrary.NAME, reachable=True)


def accept(error: NoAnswer) -> None:
    """Go on without, where there is nothing to be had; else raise Postponed."""
    limits.heard(openlibrary.NAME, reachable=error.outcome != Outcome.UNREACHABLE)
    if error.retry_after:
        limits.refused(openlibrary.NAME, error.retry_after)
    if error.outcome != Outcome.NOT_FOUND:
        raise Postponed(str(error), wait=error.retry_after, tried=True) from error


def record(book: Book, **columns: Any) -> None:
    """Write these columns alone: another worker, or an operator, may be writing others."""
    for name, value in columns.items():
        setattr(book, name, value)
    Book.objects.filter(pk=book.pk).update(**columns)
