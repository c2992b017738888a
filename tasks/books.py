"""Brings a book's row up to date: one worker at a time asks the catalogues, and the answer is kept for all posts."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from posts.models import Book, Outcome, Post, Step, fold

from . import covers, googlebooks, limits, meters, openlibrary
from .found import Edition, Found, Guess
from .outside import NoAnswer, NotFound, Outside, Unreachable

# Longer than an attempt may take outside; a worker that died does not keep others away for long.
ASKING = timedelta(seconds=15)
BUSY_WAIT = 2.0  # seconds until a look whether the other worker is through
MISS_KEPT = timedelta(days=1)  # a miss can be an error that was swallowed over there
FAIR_CHANCE = 1.0  # seconds; who was given less to answer in did not fail
KEPT_FOR_THE_NEXT = 2.0  # seconds; the silence of one catalogue must not be that of all


class Postponed(Exception):
    """The book is not complete yet, and asking again later is worth it.

    `wait`: seconds to wait at least. `tried`: whether a catalogue was asked.
    """

    def __init__(self, reason: str, *, wait: float = 0, tried: bool) -> None:
        super().__init__(reason)
        self.wait = wait
        self.tried = tried


def book_of(post: Post) -> Book | None:
    """The row of the book that the author picked, or else named, made where it is the first post about it."""
    if post.picked:
        return post.picked.merged_into or post.picked
    key = Book.key_of(post.isbn, post.book_title, post.book_author)
    if not key:
        return None
    # What one author typed beside an ISBN is that post's; it does not name the book for all others.
    typed = {"isbn": post.isbn} if post.isbn else {"title": post.book_title, "author": post.book_author}
    book = Book.objects.select_related("merged_into").get_or_create(key=key, defaults=typed)[0]
    return book.merged_into or book


def hold(book: Book) -> None:
    """Lock its row and read what is known by now, at the beginning of the transaction that publishes a post about it:
    before any post's row, and after all waiting for catalogues, during which somebody may have corrected it.

    Raises:
        Postponed: it is gone, or merged into another.
    """
    try:
        book.refresh_from_db(from_queryset=Book.objects.select_for_update(no_key=True).filter(merged_into=None))
    except Book.DoesNotExist:
        raise Postponed("its book was merged into another", wait=BUSY_WAIT, tried=False) from None


def complete(book: Book, reached: Callable[[Step], None], sources: dict[str, str], *, patient: bool = False) -> None:
    """Ask the catalogues for what the row does not know yet. Does nothing where all is known.

    Args:
        reached: told of each step before it is begun.
        sources: filled with what each one that was asked answered, by its name, and what came of the "cover".
        patient: whether all others go first at the catalogues.

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
        with Outside() as outside:
            if lookup_is_due(book):
                look_up(book, outside, reached, sources, patient)
            if cover_is_due(book):
                fetch_cover(book, outside, reached, sources)
    finally:
        # Not where this took so long that it is another's turn by now.
        Book.objects.filter(pk=book.pk, asking_until=until).update(asking_until=None)


def is_owed(book: Book) -> bool:
    """Whether a catalogue has still to say something about it."""
    return lookup_is_due(book) or cover_is_due(book)


def lookup_is_due(book: Book) -> bool:
    if not book.isbn and not fold(book.title):
        return False
    if book.outcome == Outcome.NOT_FOUND:
        return book.asked_at is None or book.asked_at < timezone.now() - MISS_KEPT
    return book.outcome != Outcome.FOUND


def cover_is_due(book: Book) -> bool:
    if "cover" in book.set_by_person:
        return False
    has_one = book.cover_id is not None or (book.cover_volume and settings.GOOGLE_BOOKS_KEY)
    return bool(has_one) and book.cover_outcome not in (Outcome.FOUND, Outcome.NOT_FOUND)


class Catalogue(Protocol):
    """What a module is that asks one; both functions raise NoAnswer."""

    NAME: str

    def by_isbn(self, outside: Outside, isbn: str) -> Found: ...

    def by_title(self, outside: Outside, title: str, author: str) -> Found: ...

    def editions(self, outside: Outside, title: str, author: str) -> list[Edition]: ...


def catalogues() -> list[Catalogue]:
    """In the order in which they are asked."""
    return [openlibrary, googlebooks] if settings.GOOGLE_BOOKS_KEY else [openlibrary]


def look_up(
    book: Book, outside: Outside, reached: Callable[[Step], None], sources: dict[str, str], patient: bool
) -> None:
    """Ask one catalogue after the other, until one has the book. Where none has, the first trouble counts: it is
    worth asking again."""
    troubles: list[NoAnswer] = []
    in_turn = catalogues()
    for catalogue in in_turn:
        try:
            check_that_it_may_be_asked(catalogue.NAME, outside)
            take_turn(catalogue.NAME, tried=bool(sources), patient=patient)
            if not sources:
                reached(Step.LOOKING_UP)
            kept = 0 if catalogue is in_turn[-1] else KEPT_FOR_THE_NEXT
            with noted(catalogue.NAME, catalogue.NAME, sources), outside.keeping(kept):
                if book.isbn:
                    found = catalogue.by_isbn(outside, book.isbn)
                else:
                    found = catalogue.by_title(outside, book.title, book.author)
        except Guess:
            break  # the next one may know one of them alone, and would make it a certainty
        except NotFound:
            continue
        except NoAnswer as error:
            troubles.append(error)
        else:
            record(book, outcome=Outcome.FOUND, asked_at=timezone.now(), **vars(found))
            return
    record(book, outcome=troubles[0].outcome if troubles else Outcome.NOT_FOUND, asked_at=timezone.now())
    if troubles:
        wait = min(trouble.retry_after for trouble in troubles)
        raise Postponed(str(troubles[0]), wait=wait, tried=bool(sources)) from troubles[0]


def fetch_cover(book: Book, outside: Outside, reached: Callable[[Step], None], sources: dict[str, str]) -> None:
    if book.cover_id is not None:
        source, url = openlibrary.NAME, openlibrary.cover_url(book.cover_id)
    else:
        source, url = googlebooks.NAME, googlebooks.cover_url(book.cover_volume)
    try:
        # Takes no turn: by their number covers are outside of the limit (openlibrary.org/dev/docs/api/covers).
        check_that_it_may_be_asked(source, outside)
        reached(Step.COVER)
        with noted(source, "cover", sources):
            cover = covers.fetch(outside, url)
    except NoAnswer as error:
        record(book, cover_outcome=error.outcome)
        if not isinstance(error, NotFound):
            raise Postponed(str(error), wait=error.retry_after, tried=bool(sources)) from error
    else:
        record(
            book,
            cover_outcome=Outcome.FOUND,
            cover_small=cover.small,
            cover_large=cover.large,
            cover_width=cover.width,
            cover_height=cover.height,
        )


class NotNow(Unreachable):
    """It was not even asked."""

    def __init__(self, message: str, retry_after: float = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def check_that_it_may_be_asked(source: str, outside: Outside) -> None:
    """Raises NotNow while it is left alone, or where this attempt has no time for it."""
    if outside.seconds_left() < FAIR_CHANCE:
        raise NotNow(f"this attempt has no time left for {source}")
    wait = told_by(limits.seconds_left_alone, source)
    if wait > 0:
        raise NotNow(f"{source} is being left alone", wait)


def take_turn(source: str, *, tried: bool, patient: bool) -> None:
    """Raises Postponed where this is not the moment to ask; being early is no reason to ask somebody else."""
    wait = told_by(limits.seconds_to_wait_behind_all if patient else limits.seconds_to_wait, source)
    if wait > 0:
        raise Postponed(f"over the rate limit of {source}", wait=wait, tried=tried)


def told_by(limit: Callable[[str], float], source: str) -> float:
    try:
        return limit(source)
    except redis.RedisError as error:
        raise Postponed(f"the catalogue's limits cannot be read: {error}", wait=BUSY_WAIT, tried=False) from error


@contextmanager
def noted(source: str, what: str, sources: dict[str, str]) -> Iterator[None]:
    """Note what comes of a question: for the limits of its source, and for the operator's history."""
    began = time.monotonic()
    try:
        yield
    except NoAnswer as error:
        sources[what] = error.outcome.value
        meters.asked.labels(source, error.outcome.value).observe(time.monotonic() - began)
        limits.heard(source, reachable=error.outcome != Outcome.UNREACHABLE)
        if error.retry_after:
            limits.refused(source, error.retry_after)
        raise
    sources[what] = Outcome.FOUND.value
    meters.asked.labels(source, Outcome.FOUND.value).observe(time.monotonic() - began)
    limits.heard(source, reachable=True)


def record(book: Book, **columns: Any) -> None:
    """Write these columns alone: another worker, or an operator, may be writing others. What a person has set wins:

    1. a catalogue is asked about the book,
    2. somebody corrects its title,
    3. the catalogue's title arrives here, where the row that is locked says that it is not wanted.
    """
    with transaction.atomic():
        row = Book.objects.select_for_update().filter(pk=book.pk).first()
        if row is None:
            return
        for name, value in columns.items():
            theirs = "cover" if name.startswith("cover_") and name != "cover_outcome" else name
            setattr(book, name, getattr(row, name) if theirs in row.set_by_person else value)
        book.by_person = row.by_person
        book.save(update_fields=list(columns))
