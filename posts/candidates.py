"""Which book is meant: what an author may pick from while writing, of our own books and of the catalogues'."""

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.db.models import Exists, OuterRef
from django.utils import timezone

from .fields import IsbnField, LineField
from .index import MOST_WORDS, asked, books, words_in
from .models import Book, Lookup, Outcome, Post

MOST_CANDIDATES = 5
LOOKUPS_PER_HOUR = 100  # of one person; each may ask a catalogue
KEPT = timedelta(days=1)
PICKED_WITHIN = timedelta(hours=12)  # so that no cover is thrown away under a pick
GIVEN_UP_AFTER = timedelta(seconds=20)
ASKED_AGAIN_AFTER = timedelta(minutes=1)  # where there was no answer: of a catalogue, a broker or a worker
SHORTEST_TITLE = 3  # characters; less is no question to a catalogue (`q` there has to have as many)


# Of a book nobody is to know before something is posted about it.
is_known = Exists(Post.objects.published().filter(book=OuterRef("pk")))


# So that nobody reads what others look up by counting.
signer = Signer(salt="posts.candidates")


class Candidate(NamedTuple):
    """A book that may be meant. `pick`: what the form sends for it. `edition`: in words, where one is known."""

    pick: str
    book: Book
    edition: str


class Candidates(NamedTuple):
    """`is_asked`: a catalogue is still being asked. `is_silent`: none has answered. `picked`: the pick that stands."""

    found: list[Candidate]
    is_asked: bool
    is_silent: bool
    picked: str


class NoSuchCandidate(Exception):
    """What was picked is not among the candidates, or not any more."""


def candidates_for(typed: Mapping[str, str], person: User) -> Candidates:
    """For the fields of the form as they are typed; what makes no sense yet is left out. Waits for no catalogue."""
    isbn = cleaned(IsbnField(required=False), typed.get("isbn", ""))
    title = cleaned(LineField(max_length=200), typed.get("book_title", ""))
    author = cleaned(LineField(max_length=200), typed.get("book_author", ""))
    found = [*_picked(typed.get("pick", ""), person), *_own(isbn, title, author)]
    lookup = None
    if isbn or len(title) >= SHORTEST_TITLE:
        lookup = _lookup(isbn, title, author, person)
    if lookup:
        found += [candidate_of(lookup, number) for number in range(len(lookup.hits))]
    # Books of our own first, each once; one without an ISBN may still be another edition.
    once = {each.book.isbn or each.book.source_url or each.pick: each for each in reversed(found)}
    first = list(reversed(once.values()))[:MOST_CANDIDATES]
    is_open = bool(lookup and not lookup.answered_at)
    is_asked = bool(lookup and is_open and timezone.now() - lookup.asked_at < GIVEN_UP_AFTER)
    return Candidates(first, is_asked, is_open and not is_asked, typed.get("pick", ""))


def cleaned(field: Any, value: str) -> str:
    try:
        return str(field.clean(value))
    except ValidationError:
        return ""


def _picked(pick: str, person: User) -> list[Candidate]:
    try:
        return [candidate(pick, person)]
    except NoSuchCandidate:
        return []


def _own(isbn: str, title: str, author: str) -> list[Candidate]:
    if isbn:
        return [_candidate_of_book(book) for book in Book.objects.filter(is_known, isbn=isbn)[:MOST_CANDIDATES]]
    words = words_in(f"{author} {title}")[-MOST_WORDS:]
    if not words:
        return []
    with asked():
        return [_candidate_of_book(book) for book in books(words)]


def _candidate_of_book(book: Book) -> Candidate:
    return Candidate(f"book-{book.pk}", book, "")


def _lookup(isbn: str, title: str, author: str, person: User) -> Lookup | None:
    """What was asked, or is asked from now on; what nobody knows is not, where this person has asked enough for now."""
    key = Book.key_of(isbn, title, author)
    known = Lookup.objects.filter(key=key).first()
    is_given_up = known and not known.answered_at and known.asked_at < timezone.now() - ASKED_AGAIN_AFTER
    if not key or (known and not is_given_up):
        return known
    since = timezone.now() - timedelta(hours=1)
    if Lookup.objects.filter(person=person, asked_at__gt=since).count() >= LOOKUPS_PER_HOUR:
        return known
    if known:
        known.asked_at, known.person = timezone.now(), person
        known.save(update_fields=["asked_at", "person"])
        return known
    typed = {"isbn": isbn} if isbn else {"title": title, "author": author}
    return Lookup.objects.get_or_create(key=key, defaults={**typed, "person": person})[0]


def candidate_of(lookup: Lookup, number: int) -> Candidate:
    hit = dict(lookup.hits[number])
    edition = hit.pop("edition")
    return Candidate(signer.sign(f"lookup-{lookup.pk}-{number}"), Book(**hit), edition)


def candidate(pick: str, person: User) -> Candidate:
    """What the person's form has sent. Raises NoSuchCandidate."""
    if match := re.fullmatch(r"book-([0-9]{1,18})", pick, re.ASCII):
        is_theirs = Exists(Post.objects.filter(picked=OuterRef("pk"), author=person))
        book = Book.objects.filter(is_known | is_theirs, pk=match[1]).first()
        if book:
            return _candidate_of_book(book)
        raise NoSuchCandidate(pick)
    try:
        lookup_id, number = map(int, signer.unsign(pick).removeprefix("lookup-").split("-"))
    except BadSignature:
        raise NoSuchCandidate(pick) from None
    lookup = Lookup.objects.filter(pk=lookup_id, answered_at__gt=timezone.now() - PICKED_WITHIN).first()
    if lookup is None or number >= len(lookup.hits):
        raise NoSuchCandidate(pick)
    return candidate_of(lookup, number)


def book_of(pick: str, person: User) -> Book:
    """The row of what was picked, made where there is none yet: of what the catalogue said, not of what a page sends.

    Raises:
        NoSuchCandidate.
    """
    book = candidate(pick, person).book
    if book.pk:
        return book.merged_into or book
    known = {field.attname: getattr(book, field.attname) for field in Book._meta.fields if field.attname != "id"}
    known |= {"outcome": Outcome.FOUND, "asked_at": timezone.now()}
    if book.cover_large:
        known["cover_outcome"] = Outcome.FOUND
    # Two editions of one title and author are two books here; by what is typed neither is found.
    key = f"isbn:{book.isbn}" if book.isbn else f"page:{hashlib.sha256(book.source_url.encode()).hexdigest()}"
    row = Book.objects.get_or_create(key=key, defaults=known | {"key": key})[0]
    return row.merged_into or row
