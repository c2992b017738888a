"""Cards: how the lists and the notices show a post. A list reads one row of plain values for each, and no more."""

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from .models import EPOCH, Book, Post, PostQuerySet

MOST_CARDS = 1000  # kept by each process; about 5 MB


class CardRow(NamedTuple):
    """All that a card shows of a post, under the names of its columns: two that are equal show the same.

    (Of a book without a title the ISBN is shown. Where it has one, another ISBN makes a difference that nobody sees.)
    A tuple, for what Django makes of 21 posts, their authors and their books costs twice as much as reading them.
    """

    id: int
    author_id: int
    author__username: str
    book_id: int | None
    book__title: str | None
    book__isbn: str | None
    book__cover_small: str | None
    book__cover_large: str | None
    book__cover_width: int | None
    book__cover_height: int | None
    slug: str
    shown_title: str
    shown_book_title: str
    shown_book_author: str
    shown_edited_at: datetime | None
    shown_spoiler: bool
    shown_tags: str
    excerpt: str
    minutes: int
    published_at: datetime
    imported: bool
    like_count: int
    comment_count: int

    def place(self) -> tuple[datetime, int]:
        """What the lists are ordered by, the greatest first."""
        return self.published_at, self.id

    @property
    def mark(self) -> str:
        """The `?before=` of the page that starts below it."""
        return f"{(self.published_at - EPOCH) // timedelta(microseconds=1)}-{self.id}"

    def author(self) -> User:
        return User(id=self.author_id, username=self.author__username)

    def book(self) -> Book | None:
        if self.book_id is None:
            return None
        return Book(**{OF_BOOK[name]: value for name, value in self._asdict().items() if name in OF_BOOK})

    def post(self) -> Post:
        """For a template; it knows nothing beside this."""
        own = {name: value for name, value in self._asdict().items() if name not in RELATED}
        return Post(**own, author=self.author(), book=self.book())


OF_BOOK = {name: re.sub("^book__?", "", name) for name in CardRow._fields if name.startswith("book_")}
RELATED = {"author_id", "author__username", *OF_BOOK}
BESIDE = (
    "author",
    "year",
    "source_name",
    "source_url",
    "by_person",
)  # what a book's own page shows beside what a card does


def rows_of(posts: PostQuerySet) -> list[CardRow]:
    return [CardRow._make(row) for row in posts.values_list(*CardRow._fields)]


def rows_and_book(posts: PostQuerySet) -> tuple[list[CardRow], Book | None]:
    """The same of posts about one book, and that book as its page shows it; None where there are no posts."""
    found = list(posts.values_list(*CardRow._fields, *(f"book__{name}" for name in BESIDE)))
    rows = [CardRow._make(row[: -len(BESIDE)]) for row in found]
    book = rows[0].book() if rows else None
    if book:
        for name, value in zip(BESIDE, found[0][-len(BESIDE) :], strict=True):
            setattr(book, name, value)
    return rows, book


def render_card(post: Post) -> SafeString:
    """The same for every reader, so no form, token or state is in it."""
    return SafeString(render_to_string("posts/_card.html", {"post": post}).strip())


def card_of(row: CardRow) -> SafeString:
    """The card of a list's row, kept; what it is found by is all that it shows, so it is never out of date."""
    return _card_of(get_script_prefix(), get_language(), row)


@lru_cache(MOST_CARDS)
def _card_of(prefix: str, language: str | None, row: CardRow) -> SafeString:
    """`prefix`: of the addresses in it; daphne lets a client choose one. `language`: the one that is active."""
    return render_card(row.post())
