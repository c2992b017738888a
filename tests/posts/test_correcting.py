"""Corrections: what a person sets of a book wins, is shown with its source, and is written down."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from posts import correcting, index
from posts.models import Act, Book, Outcome, Post
from posts.pictures import MOST_BYTES

from .. import bombs
from ..catalogue import picture
from ..conftest import MakePost

pytestmark = pytest.mark.django_db


@pytest.fixture
def book() -> Book:
    known = {"source_name": "Open Library", "source_url": "https://openlibrary.org/books/OL1M"}
    named = {"title": "Slow raeding", "author": "John Miedema", "year": "2009", "isbn": "9780980200447"}
    return Book.objects.create(key="isbn:9780980200447", **named, **known, outcome=Outcome.FOUND)


@pytest.fixture
def post(make_published: MakePost, book: Book) -> Post:
    post = make_published(book=book, shown_book_title="Slow raeding", shown_book_author="John Miedema")
    index.catch_up()
    return post


def send(client: Client, book: Book, **fields: Any) -> Any:
    """The form as it was shown for the book as it is given, with these fields changed."""
    shown = {"title": book.title, "author": book.author, "year": book.year}
    return client.post(f"/books/{book.pk}/edit/", shown | {f"initial-{name}": shown[name] for name in shown} | fields)


def cover(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("cover.jpg", data, "image/jpeg")


def test_who_has_written_about_it_sets_its_title_right_for_all(author: Client, post: Post, book: Book) -> None:
    assert f'href="/books/{book.pk}/edit/"' in author.get(book.get_absolute_url()).content.decode()
    assert f'href="/books/{book.pk}/edit/"' in author.get(post.get_absolute_url()).content.decode()
    answer = send(author, book, title="Slow reading")
    assert answer.headers["Location"] == f"/books/{book.pk}/slow-reading/"
    book.refresh_from_db()
    assert (book.title, book.by_person, book.author) == ("Slow reading", "title", "John Miedema")
    assert Client().get("/").context["rows"][0].shown_book_title == "Slow reading"
    index.catch_up()
    assert len(Client().get("/search/", {"q": "reading"}).context["rows"]) == 1


def test_what_an_author_typed_stays_on_their_post(author: Client, book: Book, make_published: MakePost) -> None:
    typed = {"book_title": "Langsam lesen", "shown_book_title": "Langsam lesen", "shown_book_author": "John Miedema"}
    post = make_published(book=book, **typed)
    send(author, book, title="Slow reading", author="J. Miedema")
    post.refresh_from_db()
    assert (post.shown_book_title, post.shown_book_author) == ("Langsam lesen", "J. Miedema")


def test_each_field_says_where_it_is_from(author: Client, post: Post, book: Book) -> None:
    def said() -> str:
        return " ".join(Client().get(book.get_absolute_url(), follow=True).content.decode().split())

    link = '<a href="https://openlibrary.org/books/OL1M" rel="noopener">Open Library</a>'
    assert f"Title, author, year: {link}" in said()
    send(author, book, title="Slow reading", cover=cover(picture()))
    assert f"Author, year: {link}" in said()
    assert "Title, cover: a reader" in said()
    form = author.get(f"/books/{book.pk}/edit/").content.decode()
    assert form.count("Set by a reader") == 2
    assert form.count(f"From {link}") == 2


def test_a_cover_is_checked_and_shown_to_all(author: Client, post: Post, book: Book) -> None:
    send(author, book, cover=cover(picture(1000, 1500)))
    book.refresh_from_db()
    assert (book.cover_width, book.cover_height, book.by_person) == (480, 720, "cover")
    assert f"/covers/{book.cover_small}.webp" in Client().get("/").content.decode()
    assert Client().get(f"/covers/{book.cover_large}.webp").status_code == 200


@pytest.mark.parametrize(
    "data", [b"", b"x" * (MOST_BYTES + 1), b"<svg/>", picture(1, 1), bombs.empty_png(20_000), bombs.many_passes()]
)
def test_what_is_no_cover_is_refused_and_nothing_is_lost(author: Client, post: Post, book: Book, data: bytes) -> None:
    page = send(author, book, title="Slow reading", cover=cover(data)).content.decode()
    assert 'value="Slow reading"' in page
    book.refresh_from_db()
    assert (book.title, book.cover_large) == ("Slow raeding", "")


@pytest.mark.parametrize("fields", [{"year": "MMIX"}, {"year": "20090"}, {"title": "x" * 301}, {"author": "\u0301"}])
def test_what_makes_no_sense_is_said(author: Client, post: Post, book: Book, fields: dict[str, str]) -> None:
    answer = send(author, book, **fields)
    assert answer.status_code == 200
    assert 'class="error"' in answer.content.decode()
    assert not Act.objects.exists()


def test_others_cannot_and_moderators_can(post: Post, book: Book, bob: User) -> None:
    other = Client()
    assert other.get(f"/books/{book.pk}/edit/").status_code == 302
    other.force_login(bob)
    assert send(other, book, title="Taken over").status_code == 404
    assert "/edit/" not in other.get(book.get_absolute_url()).content.decode()
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    assert send(other, book, title="Slow reading").status_code == 302


def test_it_is_written_down_who_did_what(author: Client, post: Post, book: Book) -> None:
    send(author, book, title="Slow reading", cover=cover(picture()))
    act = Act.objects.get()
    assert (act.moderator_name, act.deed, act.thing) == ("ann", "correct", "the book “Slow raeding”")
    assert act.reason == "title: “Slow raeding” → “Slow reading”\nanother cover"
    send(author, Book.objects.get())
    assert Act.objects.count() == 1


def test_of_two_who_correct_at_once_each_changes_their_own_field(author: Client, post: Post, book: Book) -> None:
    send(author, book, year="2010")
    send(author, book, title="Slow reading")
    row = Book.objects.get()
    assert (row.title, row.year, row.by_person) == ("Slow reading", "2010", "title year")


def test_what_a_catalogue_fills_in_under_an_open_form_stays(author: Client, make_published: MakePost) -> None:
    book = Book.objects.create(key="isbn:9780954221713", isbn="9780954221713")
    make_published(book=book)
    page = author.get(f"/books/{book.pk}/edit/").content.decode()
    assert all(f'name="initial-{name}"' in page for name in ("title", "author", "year"))
    Book.objects.update(title="The Summer Book", author="Tove Jansson", source_name="Open Library")
    send(author, book, year="1972")
    book.refresh_from_db()
    assert (book.title, book.author, book.year, book.by_person) == ("The Summer Book", "Tove Jansson", "1972", "year")


def test_only_another_name_changes_all_its_posts(author: Client, post: Post, book: Book) -> None:
    send(author, book, year="2010", cover=cover(picture()))
    assert not Post.objects.get().index_due
    send(author, Book.objects.get(), author="J. Miedema")
    assert Post.objects.get().index_due


def test_nobody_corrects_without_end(author: Client, ann: User, post: Post, book: Book) -> None:
    names = {"moderator": ann, "moderator_name": "ann", "person_name": "ann", "at": timezone.now()}
    Act.objects.bulk_create(Act(deed="correct", **names) for _ in range(correcting.CORRECTIONS_PER_HOUR))
    page = send(author, book, title="Slow reading", cover=cover(b"not even looked at")).content.decode()
    assert "Please wait a little" in page
    assert "This cannot be a cover" not in page


def test_a_book_keeps_a_name(author: Client, make_published: MakePost) -> None:
    book = Book.objects.create(key="text:1", title="Typed", author="Somebody")
    make_published(book=book)
    assert "needs a title" in send(author, book, title="").content.decode()
