"""What is told beside a row's being changed."""

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from posts.models import Book, Comment, Post
from posts.moderation import Deed, decide
from tasks.enrich import enrich_post
from updater import log
from updater.cursor import Cursor

from ..conftest import MakePost

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


@pytest.fixture
def post(make_post: MakePost) -> Post:
    post = make_post()
    enrich_post(post.pk)
    post.refresh_from_db()
    return post


def told(since: Cursor) -> list[str]:
    """What kind of news there is for whoever has read so far."""
    notices = log.read(since.epoch, since.number)
    assert notices is not None
    return [frame.split('"kind": "')[1].split('"')[0] for _, frame in log.frames(notices, since)]


def test_hiding_takes_a_post_from_open_pages_and_restoring_brings_it_back(post: Post, bob: User) -> None:
    for deed, kind in ((Deed.HIDE, "removed"), (Deed.RESTORE, "published")):
        since = log.head()
        assert decide(deed, post, bob, "Spam.")
        assert told(since) == [kind]
        assert not decide(deed, post, bob, "Spam.")
        assert told(since) == [kind]


def test_a_post_and_its_notice_are_hidden_in_one_transaction(post: Post, bob: User) -> None:
    since = log.head()
    with transaction.atomic():
        decide(Deed.HIDE, post, bob, "Spam.")
        transaction.set_rollback(True)
    assert told(since) == []
    assert Post.objects.published().get() == post


def test_what_is_hidden_of_a_post_stands_in_no_notice(post: Post, bob: User) -> None:
    decide(Deed.HIDE, post, bob, "Spam.")
    notices = log.read(log.head().epoch, 0)
    assert notices is not None
    assert [notice.content for notice in notices] == [""]


def test_a_comment_that_is_hidden_is_no_news_of_its_post(post: Post, bob: User) -> None:
    comment = Comment.objects.create(post=post, author=bob, body="Vile.", html="<p>Vile.</p>")
    since = log.head()
    assert decide(Deed.HIDE, comment, bob, "Spam.")
    assert told(since) == []


def test_a_correction_of_a_book_changes_the_cards_on_open_pages(make_post: MakePost, client: Client, ann: User) -> None:
    book = Book.objects.create(key="page:1", title="Slow raeding", outcome="found")
    posts = [make_post(picked=book), make_post(picked=book, book_title="Typed"), make_post()]
    for post in posts:
        enrich_post(post.pk)
    since = log.head()
    client.force_login(ann)
    client.post(f"/books/{book.pk}/edit/", {"title": "Slow reading"})
    assert told(since) == ["changed", "changed"]
    notices = log.read(since.epoch, since.number)
    assert notices is not None
    assert [notice.subject for notice in notices] == [posts[1].pk, posts[0].pk]
    assert "Slow reading" in (notices[1].content or "")
    assert "Typed" in (notices[0].content or "")
