"""A card is made once of all that it shows, and anew as soon as that is something else."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import set_script_prefix
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from posts.cards import CardRow, card_of, render_card, rows_of
from posts.models import Book, Post

from ..conftest import MakePost

pytestmark = pytest.mark.django_db

# What its keys stand for is in other columns, and an ISBN is shown where there is no title.
SHOWN = [name for name in CardRow._fields if name not in ("id", "author_id", "book_id", "book__isbn")]


@pytest.fixture
def post(make_published: MakePost) -> Post:
    book = Book.objects.create(key="isbn:1", title="Slow reading", cover_small="a" * 40, cover_large="b" * 40)
    return make_published(book=book, shown_book_title="Slow reading", excerpt="Four evenings.", shown_edited_at=NOW)


@pytest.fixture
def row(post: Post) -> CardRow:
    return read(post)


NOW = timezone.now()


def read(post: Post) -> CardRow:
    return rows_of(Post.objects.filter(pk=post.pk))[0]


def another(value: Any) -> Any:
    match value:
        case str():
            return f"5{value[1:]}"
        case int():
            return value + 1
        case _:
            return value + timedelta(days=9)


def test_a_list_s_is_the_one_that_readers_were_sent(post: Post) -> None:
    assert card_of(read(post)) == render_card(Post.objects.get(pk=post.pk))
    Post.objects.filter(pk=post.pk).update(book=None, shown_edited_at=None)
    assert card_of(read(post)) == render_card(Post.objects.get(pk=post.pk))


def test_what_is_read_for_it_is_all_that_it_shows(
    row: CardRow, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert "Slow reading" in card_of(row)


def test_one_that_shows_the_same_is_made_once(row: CardRow, post: Post) -> None:
    assert card_of(read(post)) is card_of(row)


@pytest.mark.parametrize("column", SHOWN)
def test_one_that_shows_something_else_is_made_anew(row: CardRow, column: str) -> None:
    # Whether it was edited is all that is shown of when.
    changed: Any = None if column == "shown_edited_at" else another(getattr(row, column))
    assert card_of(row._replace(**{column: changed})) != card_of(row)


def test_its_addresses_begin_as_this_request_s_do(row: CardRow) -> None:
    set_script_prefix("/elsewhere/")
    try:
        assert 'href="/elsewhere/posts/' in card_of(row)
    finally:
        set_script_prefix("/")
    assert "elsewhere" not in card_of(row)
