"""What somebody follows stands on a page of its own; what they mute, nowhere but on its own."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test import Client

from posts import following
from posts.models import Book, Interest
from posts.notifications import notified

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


def test_muted_threads_count_among_them(reader: Client, make_published: MakePost, bob: User) -> None:
    others = User.objects.bulk_create(User(username=f"u{number}") for number in range(following.MOST_INTERESTS))
    Interest.objects.bulk_create(Interest(person=bob, author=other, wish="follow") for other in others)
    address = f"/posts/{make_published().pk}/"
    wish(reader, address, "mute")
    assert Interest.objects.filter(person=bob).count() == following.MOST_INTERESTS
    Interest.objects.filter(person=bob)[0].delete()
    wish(reader, address, "mute")
    assert Interest.objects.filter(person=bob, wish="mute").get().post
    wish(reader, address, "follow")  # a thread is followed by taking part
    assert not Interest.objects.filter(person=bob, post__isnull=False).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("broker")
def test_two_people_follow_each_other_at_the_same_moment(reader: Client, ann: User) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one write at a time.")
    answers = []

    def follow_back() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")  # or it would wait for the one that waits for it
        other = Client()
        other.force_login(ann)
        try:
            return wish(other, "/authors/bob/", "follow")
        finally:
            connection.close()

    def meanwhile(**kwargs: Any) -> None:
        notified.disconnect(meanwhile)
        with ThreadPoolExecutor(1) as hands:
            answers.append(hands.submit(follow_back).result())

    notified.connect(meanwhile)
    wish(reader, "/authors/ann/", "follow")
    assert answers == ["/authors/bob/"]
    assert Interest.objects.count() == 2
