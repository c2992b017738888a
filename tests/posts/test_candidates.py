"""The right book: what an author may pick while writing, and what a pick means."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from posts import candidates, index
from posts.models import Book, Lookup, Outcome, Post

from ..conftest import MakePost

pytestmark = pytest.mark.django_db

HIT: dict[str, Any] = {
    "title": "The Summer Book",
    "author": "Tove Jansson",
    "year": "2003",
    "source_name": "Open Library",
    "source_url": "https://openlibrary.org/books/OL7M",
    "cover_id": 7,
    "cover_volume": "",
    "isbn": "9780954221713",
    "edition": "Sort Of Books",
    "cover_small": "a" * 40,
    "cover_large": "b" * 40,
    "cover_width": 480,
    "cover_height": 720,
}


@pytest.fixture
def known(make_published: MakePost) -> Book:
    book = Book.objects.create(
        key="isbn:9780980200447", isbn="9780980200447", title="Slow reading", author="John Miedema"
    )
    make_published(book=book, shown_book_title="Slow reading", shown_book_author="John Miedema")
    index.catch_up()
    return book


@pytest.fixture
def answered(ann: User) -> Lookup:
    key = Book.key_of("", "The Summer Book", "")
    other = HIT | {"isbn": "", "source_url": "https://openlibrary.org/works/OL1W", "title": "Summer", "edition": ""}
    typed = {"key": key, "title": "The Summer Book"}
    return Lookup.objects.create(**typed, person=ann, hits=[HIT, other], answered_at=timezone.now())


def offered(author: Client, **typed: str) -> list[str]:
    """What there is to pick, and nothing but that."""
    found = author.get("/posts/candidates/", typed).context["candidates"].found
    return [each.pick for each in found]


def pick(lookup: Lookup, number: int = 0) -> str:
    return candidates.candidate_of(lookup, number).pick


def write(author: Client, **fields: str) -> Any:
    return author.post("/posts/new/", {"title": "On reading", "body": "Yes.", **fields})


def test_our_own_books_come_first_however_they_are_typed(author: Client, known: Book) -> None:
    for typed in ({"book_title": "slow rea"}, {"isbn": "098020044X"}, {"book_title": "slow", "book_author": "Miedema"}):
        assert offered(author, **typed) == [f"book-{known.pk}"]
    assert offered(author, book_title="nothing like it") == []


def test_a_book_of_which_nobody_knows_is_not_told(author: Client, make_post: MakePost, known: Book) -> None:
    secret = Book.objects.create(key="isbn:9780954221713", isbn="9780954221713", title="Secret")
    make_post(book=secret)
    assert offered(author, isbn="9780954221713") == []
    assert write(author, pick=f"book-{secret.pk}").status_code == 200


def test_then_come_those_of_the_catalogue_with_cover_year_and_edition(author: Client, answered: Lookup) -> None:
    assert offered(author, book_title="the summer BOOK") == [pick(answered), pick(answered, 1)]
    page = author.get("/posts/candidates/", {"book_title": "The Summer Book"}).content.decode()
    for said in (f"/covers/{'a' * 40}.webp", "2003", "Sort Of Books", "ISBN 9780954221713", "Open Library"):
        assert said in page
    assert "Asking the catalogue" not in page


def test_what_is_not_known_yet_is_asked_for_once(author: Client, bob: User) -> None:
    page = author.get("/posts/candidates/", {"book_title": "The Summer Book"})
    assert "Asking the catalogue" in page.content.decode()
    other = Client()
    other.force_login(bob)
    assert offered(other, book_title="Summer book, the") == []
    assert offered(other, book_title="the  summer book") == []
    lookup = Lookup.objects.get(title="The Summer Book")
    assert lookup.answered_at is None
    assert Lookup.objects.filter(key=lookup.key).count() == 1


def test_where_nobody_answers_that_is_said_and_in_a_minute_it_is_asked_again(author: Client, bob: User) -> None:
    typed = {"book_title": "The Summer Book"}
    offered(author, **typed)
    Lookup.objects.update(person=bob, asked_at=timezone.now() - candidates.GIVEN_UP_AFTER)
    assert "does not answer just now" in author.get("/posts/candidates/", typed).content.decode()
    Lookup.objects.update(asked_at=timezone.now() - candidates.ASKED_AGAIN_AFTER)
    assert "Asking the catalogue" in author.get("/posts/candidates/", typed).content.decode()
    assert Lookup.objects.get().person == User.objects.get(username="ann")


@pytest.mark.parametrize("typed", [{}, {"book_title": "ab"}, {"isbn": "978"}, {"book_title": "\0"}, {"pick": "x"}])
def test_what_makes_no_sense_yet_asks_nobody(author: Client, typed: dict[str, str]) -> None:
    assert offered(author, **typed) == []
    assert not Lookup.objects.exists()


def test_nobody_asks_without_end(author: Client, ann: User) -> None:
    Lookup.objects.bulk_create(Lookup(key=str(number), person=ann) for number in range(candidates.LOOKUPS_PER_HOUR))
    assert offered(author, book_title="One more") == []
    assert Lookup.objects.count() == candidates.LOOKUPS_PER_HOUR
    Lookup.objects.update(asked_at=timezone.now() - timedelta(hours=1))
    offered(author, book_title="One more")
    assert Lookup.objects.filter(title="One more").exists()
    assert Client().get("/posts/candidates/").status_code == 302


def test_a_pick_is_the_book_whatever_is_typed_beside(author: Client, answered: Lookup) -> None:
    write(author, pick=pick(answered), book_title="Sommerboken")
    book = Book.objects.get()
    assert (book.key, book.title, book.isbn, book.outcome) == (
        "isbn:9780954221713",
        "The Summer Book",
        "9780954221713",
        Outcome.FOUND,
    )
    assert (book.cover_large, book.cover_outcome, book.source_url) == ("b" * 40, Outcome.FOUND, HIT["source_url"])
    post = Post.objects.get()
    assert (post.picked, post.book_title) == (book, "Sommerboken")
    write(author, pick=pick(answered, 1))
    write(author, pick=pick(answered, 1))
    assert Book.objects.count() == 2


def test_ignoring_what_is_offered_leaves_it_to_what_was_typed(author: Client, answered: Lookup) -> None:
    write(author, book_title="The Summer Book", pick="")
    assert Post.objects.get().picked is None
    assert not Book.objects.exists()


def test_another_edition_can_be_chosen_later(author: Client, known: Book, answered: Lookup) -> None:
    write(author, pick=f"book-{known.pk}")
    post = Post.objects.latest("pk")
    page = author.get(f"/posts/{post.pk}/edit/").content.decode()
    assert f'value="book-{known.pk}"' in page
    assert " checked>" in page
    again = {"title": "On reading", "body": "Yes."}
    author.post(f"/posts/{post.pk}/edit/", again | {"pick": f"book-{known.pk}"})
    assert Post.objects.get(pk=post.pk).edited_at is None
    author.post(f"/posts/{post.pk}/edit/", again | {"pick": pick(answered)})
    post.refresh_from_db()
    assert post.picked
    assert (post.picked.title, post.state) == ("The Summer Book", "pending")
    author.post(f"/posts/{post.pk}/edit/", again)
    assert Post.objects.get(pk=post.pk).picked is None


@pytest.mark.parametrize(
    "sent", ["book-0", "book-x", "7", "book-" + "9" * 19, "lookup-{}-0", "lookup-{}-0:guessed", "📖:x"]
)
def test_what_cannot_be_picked_is_said_and_nothing_is_lost(author: Client, answered: Lookup, sent: str) -> None:
    page = write(author, pick=sent.format(answered.pk)).content.decode()
    assert "cannot be picked any more" in page
    assert 'value="On reading"' in page
    assert not Post.objects.exists()


def test_what_the_catalogue_gave_no_more_cannot_be_picked(author: Client, answered: Lookup) -> None:
    second = pick(answered, 1)
    Lookup.objects.update(hits=[HIT])
    assert "cannot be picked any more" in write(author, pick=second).content.decode()


def test_nobody_sees_through_a_pick_what_others_are_about_to_post(
    author: Client, make_post: MakePost, bob: User, ann: User
) -> None:
    secret = Book.objects.create(key="text:1", title="Secret")
    make_post(author=bob, picked=secret)
    assert "Secret" not in author.get("/posts/candidates/", {"pick": f"book-{secret.pk}"}).content.decode()
    make_post(author=ann, picked=secret)
    assert "Secret" in author.get("/posts/candidates/", {"pick": f"book-{secret.pk}"}).content.decode()


def test_a_pick_of_yesterday_is_none(author: Client, answered: Lookup) -> None:
    Lookup.objects.update(answered_at=timezone.now() - candidates.PICKED_WITHIN)
    assert "cannot be picked any more" in write(author, pick=pick(answered)).content.decode()


def test_without_scripts_a_button_shows_them(author: Client, answered: Lookup) -> None:
    typed = {"book_title": "The Summer Book", "lookup": "yes", "title": "", "body": "Half"}
    page = author.post("/posts/new/", typed).content.decode()
    assert f'value="{pick(answered)}"' in page
    assert "Half" in page
    assert "This field is required" not in page
    assert not Post.objects.exists()


def test_nothing_that_a_catalogue_says_is_markup(author: Client, answered: Lookup) -> None:
    line = '"><script>alert(1)</script>'
    Lookup.objects.update(hits=[HIT | {"title": line, "author": line, "edition": line}])
    assert "<script>" not in author.get("/posts/candidates/", {"book_title": "The Summer Book"}).content.decode()
