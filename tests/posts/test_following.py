"""What somebody follows stands on a page of its own; what they mute, nowhere but on its own."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from posts import following
from posts.models import Book, Interest

from ..conftest import MakePost

pytestmark = pytest.mark.django_db


@pytest.fixture
def book() -> Book:
    return Book.objects.create(key="isbn:1", title="Slow reading")


@pytest.fixture
def reader(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


def titles(reader: Client, address: str) -> list[str]:
    return [row.shown_title for row in reader.get(address).context["rows"]]


def wish(reader: Client, address: str, wish: str) -> str:
    """Where the answer leads to."""
    location: str = reader.post(f"{address}interest/", {"wish": wish}).headers["Location"]
    return location


def test_posts_by_an_author_and_about_a_book_that_are_followed_stand_on_one_page(
    reader: Client, make_published: MakePost, book: Book, ann: User
) -> None:
    eve = User.objects.create_user("eve")
    make_published(3, title="By Ann")
    make_published(2, title="About the book", author=eve, book=book)
    make_published(1, title="By Ann about the book", book=book)
    make_published(0, title="Other", author=eve)
    assert titles(reader, "/following/") == []
    assert wish(reader, "/authors/ann/", "follow") == "/authors/ann/"
    assert titles(reader, "/following/") == ["By Ann about the book", "By Ann"]
    assert wish(reader, f"/books/{book.pk}/", "follow") == f"/books/{book.pk}/slow-reading/"
    assert titles(reader, "/following/") == ["By Ann about the book", "About the book", "By Ann"]
    assert f'data-stream="author:{ann.pk} book:{book.pk}"' in reader.get("/following/").content.decode()
    assert len(titles(reader, "/")) == 4
    wish(reader, "/authors/ann/", "")
    assert titles(reader, "/following/") == ["By Ann about the book", "About the book"]


def test_what_is_muted_stands_in_no_list_and_on_its_own_page(
    reader: Client, make_published: MakePost, book: Book, ann: User
) -> None:
    eve = User.objects.create_user("eve")
    make_published(3, title="By Ann", book=book)
    make_published(2, title="By Eve about the book", author=eve, book=book)
    make_published(1, title="By Eve", author=eve)
    wish(reader, "/authors/eve/", "follow")
    wish(reader, "/authors/ann/", "mute")
    assert titles(reader, "/") == ["By Eve", "By Eve about the book"]
    assert titles(reader, f"/books/{book.pk}/slow-reading/") == ["By Eve about the book"]
    assert titles(reader, "/authors/ann/") == ["By Ann"]
    wish(reader, f"/books/{book.pk}/", "mute")
    assert titles(reader, "/") == titles(reader, "/following/") == ["By Eve"]
    assert f'data-muted="author:{ann.pk} book:{book.pk}"' in reader.get("/").content.decode()
    assert len(titles(Client(), "/")) == 3


def test_a_book_whose_posts_are_all_muted_has_its_page_all_the_same(
    reader: Client, make_published: MakePost, book: Book
) -> None:
    make_published(book=book)
    wish(reader, "/authors/ann/", "mute")
    assert reader.get(f"/books/{book.pk}/slow-reading/").status_code == 200


def test_its_button_says_how_it_is(reader: Client, make_published: MakePost) -> None:
    make_published()
    assert ">Follow</button>" in reader.get("/authors/ann/").content.decode()
    for what, said in (("follow", ">Following<"), ("mute", ">Muted<"), ("nonsense", ">Follow</button>")):
        wish(reader, "/authors/ann/", what)
        assert said in reader.get("/authors/ann/").content.decode()


def test_a_stranger_is_led_to_the_login(make_published: MakePost, book: Book) -> None:
    make_published(book=book)
    assert 'href="/accounts/login/?next=/authors/ann/">Follow' in Client().get("/authors/ann/").content.decode()
    assert wish(Client(), "/authors/ann/", "follow").startswith("/accounts/login/")
    assert not Interest.objects.exists()


def test_nobody_follows_themselves_or_what_is_not_there(reader: Client, bob: User, book: Book) -> None:
    wish(reader, "/authors/bob/", "follow")
    assert "interest/" not in reader.get("/authors/bob/").content.decode()
    assert reader.post("/authors/nobody/interest/", {"wish": "follow"}).status_code == 404
    assert reader.post(f"/books/{book.pk}/interest/", {"wish": "follow"}).status_code == 404  # nothing is posted yet
    assert not Interest.objects.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        Interest.objects.create(person=bob, author=bob, wish="follow")


def test_there_is_an_end_to_it(reader: Client, bob: User, ann: User) -> None:
    others = User.objects.bulk_create(User(username=f"u{number}") for number in range(following.MOST_INTERESTS))
    Interest.objects.bulk_create(Interest(person=bob, author=other, wish="follow") for other in others)
    wish(reader, "/authors/ann/", "follow")
    assert "more cannot be kept" in reader.get("/authors/ann/").content.decode()
    wish(reader, "/authors/u7/", "mute")  # what is kept already may change
    assert Interest.objects.filter(person=bob, wish="mute").count() == 1
    assert Interest.objects.filter(person=bob).count() == following.MOST_INTERESTS
