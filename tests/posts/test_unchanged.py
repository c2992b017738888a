"""Anonymous readers are spared a page that would show what they hold, and no other."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from posts.cards import rows_of
from posts.models import Book, Comment, Like, Post
from updater import log

from ..conftest import MakePost

VARIES = {"Accept-Encoding", "Accept-Language", "Cookie"}
PAGES = ["/", "/?before={mark}", "/posts/{post}/on-reading-slowly/", "/books/{book}/slow-reading/", "/authors/ann/"]
PAGES += ["/tags/essays/"]
pages = pytest.mark.parametrize("page", PAGES)

pytestmark = pytest.mark.django_db


@pytest.fixture
def post(make_published: MakePost) -> Post:
    book = Book.objects.create(key="isbn:1", title="Slow reading", author="John Miedema")
    post = make_published(2, book=book, excerpt="Four evenings.", shown_book_title="Slow reading", tags="essays")
    Comment.objects.create(post=post, author=post.author, body="Oh.", html="<p>Oh.</p>")
    post.refresh_from_db()
    return post


@pytest.fixture
def address(post: Post, page: str, make_published: MakePost) -> str:
    make_published(1, author=User.objects.create_user("eve"))
    mark = rows_of(Post.objects.filter(author__username="eve"))[0].mark
    return page.format(post=post.pk, book=post.book_id, mark=mark)


def ask_again(answer: Any, address: str, reader: Client | None = None) -> Any:
    return (reader or Client()).get(address, headers={"If-None-Match": answer.headers["ETag"]})


def shown(answer: Any) -> str:
    """The page but for its cursor, which is another after each notice."""
    return re.sub(r'data-cursor="[^"]*"', "", answer.content.decode())


def notify(_: Post) -> None:
    log.write(4711, {"title": "Another post"})


def like(post: Post) -> None:
    Like.objects.create(post=post, person=User.objects.create_user("bob"))


def comment(post: Post) -> None:
    Comment.objects.create(post=post, author=post.author, body="Yes.", html="<p>Yes.</p>")


def edit_comment(post: Post) -> None:
    (said,) = post.comments.all()
    said.html = "<p>Ah.</p>"
    said.save()


def change(**columns: object) -> Callable[[Post], None]:
    def changed(post: Post) -> None:
        Post.objects.filter(pk=post.pk).update(**columns)

    return changed


def change_book(**columns: object) -> Callable[[Post], None]:
    def changed(post: Post) -> None:
        Book.objects.filter(pk=post.book_id or 0).update(**columns)

    return changed


def rename(post: Post) -> None:
    User.objects.filter(pk=post.author_id).update(first_name="Ann", last_name="Onymous")


def publish(post: Post) -> None:
    Post.objects.create(author=post.author, book=post.book, slug="news", published_at=timezone.now())


LATER = timezone.now() + timedelta(days=1)
CHANGES = {
    "nothing": lambda post: None,
    "a notice": notify,
    "a like": like,
    "a comment": comment,
    "an edited comment": edit_comment,
    "a post": publish,
    "a deletion": lambda post: post.delete(),
    "its title": change(shown_title="Other"),
    "its text": change(html="<p>Five.</p>"),
    "its excerpt": change(excerpt="Five."),
    "its giving away": change(shown_spoiler=True),
    "its moment": change(published_at=timezone.now() - timedelta(days=2)),
    "its edit": change(shown_edited_at=LATER),
    "its reading time": change(minutes=9),
    "an edit on its way": change(title="Other", body="Other", state="pending", edited_at=LATER, token=None),
    "a retry": change(attempts=7, due_at=LATER, error="Oh."),
    "the book's author": change_book(author="J. Miedema"),
    "the book's year": change_book(year="2009"),
    "the book's ISBN": change_book(isbn="9780980200447", title=""),
    "the book's source": change_book(source_name="Open Library", source_url="https://openlibrary.org/books/OL1M"),
    "the book's cover": change_book(cover_small="a" * 40, cover_large="b" * 40, cover_width=480, cover_height=720),
    "another look at the book": change_book(asked_at=LATER, outcome="found"),
    "the author's own name": rename,
}


@pages
@pytest.mark.parametrize("what", CHANGES)
def test_a_copy_is_good_exactly_as_long_as_the_page_would_show_the_same(address: str, post: Post, what: str) -> None:
    before = Client().get(address)
    CHANGES[what](post)
    now = Client().get(address)
    again = ask_again(before, address)
    if now.status_code == 200 and shown(now) == shown(before):
        assert (again.status_code, again.content) == (304, b"")
    else:
        assert again.status_code == now.status_code


@pages
def test_another_version_of_the_site_sends_its_own_page(address: str, settings: Settings) -> None:
    before = Client().get(address)
    settings.VERSION = "another"
    assert ask_again(before, address).status_code == 200


@pages
def test_saying_so_takes_one_query(address: str, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    before = Client().get(address)
    with django_assert_num_queries(1):
        assert ask_again(before, address).status_code == 304


@pages
def test_a_page_that_has_changed_takes_four_queries_at_most(
    address: str, post: Post, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    before = Client().get(address)
    CHANGES["its title"](post)
    with django_assert_max_num_queries(4):
        ask_again(before, address)


@pages
def test_caches_may_keep_it_and_have_to_ask(address: str) -> None:
    page = Client().get(address)
    for answer in (page, ask_again(page, address)):
        assert answer.headers["Cache-Control"] == "no-cache"
        assert {word.strip() for word in answer.headers["Vary"].split(",")} == VARIES
        assert answer.headers["ETag"] == page.headers["ETag"]
        assert not answer.cookies


@pages
def test_a_page_for_one_person_is_nobody_else_s(address: str, author: Client) -> None:
    before = Client().get(address)
    for answer in (author.get(address), ask_again(before, address, author)):
        assert answer.status_code == 200
        assert "ETag" not in answer.headers
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert "Cookie" in answer.headers["Vary"]


def test_a_word_to_one_reader_is_in_no_cache(client: Client, ann: User) -> None:
    before = client.get("/")
    client.force_login(ann)
    client.post("/accounts/logout/")
    answer = ask_again(before, "/", client)
    assert "You are logged out." in answer.content.decode()
    assert "ETag" not in answer.headers
    assert "private" in answer.headers["Cache-Control"]
    assert ask_again(before, "/", client).status_code == 304  # it is said, and its cookie gone


@pytest.mark.parametrize("address", ["/mine/", "/posts/new/", "/accounts/login/", "/nothing/"])
def test_no_cache_keeps_any_other_page(author: Client, address: str) -> None:
    for reader in (Client(), author):
        answer = reader.get(address)
        assert "private" in answer.headers["Cache-Control"]
        assert "ETag" not in answer.headers


def test_a_post_that_is_not_published_yet_is_nobody_s(client: Client, make_post: MakePost) -> None:
    assert client.get(f"/posts/{make_post().pk}/", headers={"If-None-Match": "*"}).status_code == 404


def test_what_would_send_a_form_is_not_spared(client: Client) -> None:
    assert client.post("/", headers={"If-None-Match": "*"}).status_code == 405
