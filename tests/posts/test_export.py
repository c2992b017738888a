"""One's own data as an archive: all of it, and nothing of anybody else's."""

import io
import json
import zipfile
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from posts.models import Book, Comment, Interest, Like, Post
from posts.outbox import State

from ..conftest import MakePost

pytestmark = pytest.mark.django_db


def pieces_of(response: Any) -> list[bytes]:
    assert response.status_code == 200
    assert isinstance(response, StreamingHttpResponse)

    async def collected() -> list[bytes]:
        return [piece async for piece in response]

    return async_to_sync(collected)()


def archive_of(client: Client) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces_of(client.post("/mine/export/")))))
    assert archive.testzip() is None
    return archive


def rows_in(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(archive.read(name))
    return rows


def test_a_person_finds_the_way_to_it_among_their_own_posts(author: Client) -> None:
    assert 'action="/mine/export/"' in author.get("/mine/").content.decode()


def test_all_of_a_person_s_posts_are_in_it_also_those_that_nobody_sees(
    author: Client, make_post: MakePost, make_published: MakePost
) -> None:
    shown, waits, failed = make_published(title="Shown"), make_post(title="Waits"), make_post(title="Failed")
    Post.objects.filter(pk=failed.pk).update(state=State.FAILED)
    rows = rows_in(archive_of(author), "posts.json")
    assert [(row["id"], row["title"], row["state"]) for row in rows] == [
        (shown.pk, "Shown", "done"),
        (waits.pk, "Waits", "pending"),
        (failed.pk, "Failed", "failed"),
    ]
    assert rows[0]["url"] == f"http://testserver{shown.get_absolute_url()}"


def test_each_post_is_a_file_of_its_own_with_its_book(author: Client, make_post: MakePost) -> None:
    post = make_post(body="*Four* evenings.", book_title="The Summer Book", book_author="Tove Jansson")
    (name,) = [name for name in archive_of(author).namelist() if name.startswith("posts/")]
    assert name == f"posts/{post.pk}-on-reading-slowly.md"
    assert archive_of(author).read(name).decode() == (
        "# On reading slowly\n\nAbout: The Summer Book, Tove Jansson\n\n*Four* evenings.\n"
    )


@pytest.mark.parametrize("title", ["../../etc/passwd", "C:\\NUL", "読書 / Lesen", "\u202egpj.exe", "a" * 200, "."])
def test_no_title_makes_a_name_that_leads_elsewhere(author: Client, make_post: MakePost, title: str) -> None:
    make_post(title=title)
    (name,) = [name for name in archive_of(author).namelist() if name.startswith("posts/")]
    folder, _, file = name.partition("/")
    assert folder == "posts"
    assert file.isascii()
    assert set(file) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert len(file) < 100


def test_what_one_has_said_and_liked_is_in_it_and_nothing_of_others(
    author: Client, ann: User, bob: User, make_published: MakePost
) -> None:
    bobs = make_published(author=bob, title="Bob's title", body="Bob's words")
    said = Comment.objects.create(post=bobs, author=ann, body="So it is.", html="<p>So it is.</p>")
    Comment.objects.create(post=bobs, author=bob, body="Bob's answer", html="")
    for person in (ann, bob):
        Like.objects.create(post=bobs, person=person)
    archive = archive_of(author)
    comment, like = rows_in(archive, "comments.json"), rows_in(archive, "likes.json")
    assert [(row["body"], row["url"]) for row in comment] == [
        ("So it is.", f"http://testserver/posts/{bobs.pk}/#comment-{said.pk}")
    ]
    assert [row["url"] for row in like] == [f"http://testserver/posts/{bobs.pk}/"]
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "Bob" not in everything
    assert bob.email not in everything


def test_who_has_done_nothing_yet_gets_empty_lists(author: Client) -> None:
    archive = archive_of(author)
    assert {name: rows_in(archive, name) for name in archive.namelist()} == {
        "posts.json": [],
        "drafts.json": [],
        "comments.json": [],
        "likes.json": [],
        "follows.json": [],
    }


def test_it_is_sent_while_it_is_made(author: Client, ann: User) -> None:
    """However much there is, only a little of it is held at once."""
    Post.objects.bulk_create(Post(author=ann, title=f"Post {number}", body=f"{number} " * 99) for number in range(300))
    pieces = pieces_of(author.post("/mine/export/"))
    assert len(pieces) > 600
    assert max(map(len, pieces)) < 70_000


def test_it_takes_the_same_few_queries_however_much_there_is(
    author: Client, ann: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    author.post("/mine/export/")  # the first call of all makes the notices' counter
    for _ in range(2):
        Post.objects.bulk_create(Post(author=ann, title="One of many", body="Words.") for _ in range(50))
        with django_assert_num_queries(9):
            pieces_of(author.post("/mine/export/"))


def test_it_is_for_oneself_and_by_a_form_alone(client: Client, author: Client) -> None:
    assert author.get("/mine/export/").status_code == 405
    answer = author.post("/mine/export/")
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert Client().post("/mine/export/").headers["Location"] == "/accounts/login/?next=/mine/export/"


def test_whom_and_what_a_person_follows_and_mutes_is_in_it(
    author: Client, ann: User, bob: User, make_published: MakePost
) -> None:
    book = Book.objects.create(key="isbn:1", title="Slow reading")
    post = make_published()
    Interest.objects.create(person=ann, author=bob, wish="follow")
    Interest.objects.create(person=ann, book=book, wish="mute")
    Interest.objects.create(person=ann, post=post, wish="mute")
    assert rows_in(archive_of(author), "follows.json") == [
        {"wish": "follow", "url": "http://testserver/authors/bob/"},
        {"wish": "mute", "url": f"http://testserver/books/{book.pk}/slow-reading/"},
        {"wish": "mute", "url": f"http://testserver/posts/{post.pk}/"},
    ]
