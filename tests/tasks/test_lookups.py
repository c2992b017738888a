"""Lookups: the catalogues are asked behind all posts, once, and whatever comes of it is an answer."""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from redis import Redis

from posts.candidates import ASKED_AGAIN_AFTER, GIVEN_UP_AFTER
from posts.models import Book, Lookup, Post
from posts.pictures import decode, store
from tasks.enrich import enrich_post
from tasks.limits import seconds_to_wait
from tasks.lookups import forget, look_up
from tasks.openlibrary import NAME

from ..catalogue import Catalogue, picture, status
from ..conftest import MakePost, hand_over

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


def answer(**typed: str) -> list[dict[str, Any]]:
    """What a lookup for this finds."""
    lookup = Lookup.objects.create(key=Book.key_of(typed.get("isbn", ""), typed.get("title", ""), ""), **typed)
    hand_over()
    look_up(lookup.pk)
    lookup.refresh_from_db()
    assert lookup.answered_at
    hits: list[dict[str, Any]] = lookup.hits
    return hits


def test_a_title_finds_works_and_their_editions_with_covers(catalogue: Catalogue) -> None:
    catalogue.add_work(
        "The Summer Book", "Tove Jansson", cover=picture(), edition="Sommarboken", edition_cover=picture()
    )
    catalogue.add_work("The Summer Before", "Doris Lessing")
    first, second = answer(title="The Summer Book")
    assert (first["title"], first["author"], first["isbn"]) == ("Sommarboken", "Tove Jansson", "9780980200447")
    assert (first["year"], first["source_url"]) == ("1972", "https://openlibrary.org/books/OL7M")
    assert default_storage.exists(f"covers/{first['cover_small']}.webp")
    assert (second["title"], second["isbn"], "cover_small" in second) == ("The Summer Before", "", False)


def test_an_isbn_finds_its_edition(catalogue: Catalogue) -> None:
    catalogue.add("9780980200447", cover=picture())
    (hit,) = answer(isbn="9780980200447")
    assert (hit["title"], hit["isbn"], hit["year"]) == ("Slow reading", "9780980200447", "2009")


def test_the_other_catalogue_is_asked_where_the_first_has_nothing(catalogue: Catalogue, google: Catalogue) -> None:
    google.add_volume(
        "The Summer Book", "Tove Jansson", isbn="9780954221713", cover=picture(), publisher="Sort Of Books"
    )
    (hit,) = answer(title="The Summer Book")
    assert (hit["isbn"], hit["edition"], hit["source_name"]) == ("9780954221713", "Sort Of Books", "Google Books")
    assert "cover_small" in hit


def test_that_there_is_none_is_an_answer(catalogue: Catalogue) -> None:
    assert answer(title="The Summer Book") == []


@pytest.mark.parametrize("code", [403, 429, 500])
def test_what_goes_wrong_is_none(catalogue: Catalogue, google: Catalogue, code: int) -> None:
    catalogue.answer("/search.json", status(code))
    lookup = Lookup.objects.create(key="text:1", title="The Summer Book")
    hand_over()
    look_up(lookup.pk)
    assert Lookup.objects.get().answered_at is None


def test_where_it_is_asked_again_it_is_answered(catalogue: Catalogue, client: Client, ann: User, broker: Redis) -> None:
    catalogue.add_work("The Summer Book", "Tove Jansson")
    client.force_login(ann)
    Lookup.objects.create(key=Book.key_of("", "The Summer Book", ""), title="The Summer Book")
    Lookup.objects.update(asked_at=timezone.now() - ASKED_AGAIN_AFTER)
    hand_over()
    broker.delete("lookups")
    client.get("/posts/candidates/", {"book_title": "The Summer Book"})
    hand_over()
    assert broker.llen("lookups") == 1
    look_up(Lookup.objects.get().pk)
    assert "Tove Jansson" in client.get("/posts/candidates/", {"book_title": "The Summer Book"}).content.decode()


def test_it_waits_for_its_turn_behind_all_posts(catalogue: Catalogue, settings: Any, broker: Any) -> None:
    settings.CATALOGUE_RATE = 1
    catalogue.add_work("The Summer Book", "Tove Jansson")
    seconds_to_wait(NAME)
    lookup = Lookup.objects.create(key="text:1", title="The Summer Book")
    hand_over()
    broker.delete("lookups")
    look_up(lookup.pk)
    assert Lookup.objects.get().answered_at is None
    assert catalogue.asked == []
    assert broker.llen("lookups") == 1
    Lookup.objects.update(asked_at=timezone.now() - GIVEN_UP_AFTER)
    look_up(lookup.pk)
    assert broker.llen("lookups") == 1
    assert catalogue.asked == []


def test_asked_twice_it_answers_once(catalogue: Catalogue) -> None:
    catalogue.add_work("The Summer Book", "Tove Jansson")
    answer(title="The Summer Book")
    look_up(Lookup.objects.get().pk)
    look_up(Lookup.objects.get().pk + 1)
    assert len(catalogue.asked) == 1


def test_a_picked_book_is_published_with_all_that_was_shown_and_nobody_is_asked_again(
    catalogue: Catalogue, make_post: MakePost
) -> None:
    book = Book.objects.create(key="page:1", title="The Summer Book", author="Tove Jansson", outcome="found")
    post = make_post(picked=book, book_title="Sommarboken")
    assert enrich_post(post.pk)["came"] == "published"
    row = Post.objects.get()
    assert (row.book, row.shown_book_title, row.shown_book_author) == (book, "Sommarboken", "Tove Jansson")
    assert catalogue.asked == []


def test_yesterday_s_are_forgotten_with_the_covers_that_no_book_took(catalogue: Catalogue) -> None:
    again = picture(colour="blue")
    for number, cover in enumerate((picture(colour="red"), picture(colour="green"), again)):
        catalogue.add_work(f"Summer {number}", "Tove Jansson", cover=cover)
    taken, dropped, wanted = answer(title="Summer")
    Book.objects.create(key="1", cover_small=taken["cover_small"], cover_large=taken["cover_large"])
    forget()
    assert Lookup.objects.count() == 1
    Lookup.objects.update(asked_at=timezone.now() - timedelta(days=1))
    yesterday = (timezone.now() - timedelta(days=1)).timestamp()
    for hit in (taken, dropped, wanted):
        os.utime(default_storage.path(f"covers/{hit['cover_large']}.webp"), (yesterday, yesterday))
    store(decode(again))  # for somebody who has not written it down yet
    forget()
    assert not Lookup.objects.exists()
    assert default_storage.exists(f"covers/{wanted['cover_large']}.webp")
    assert default_storage.exists(f"covers/{taken['cover_large']}.webp")
    assert not default_storage.exists(f"covers/{dropped['cover_large']}.webp")
