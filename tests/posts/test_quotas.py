"""What a person, and a new account, may publish within an hour, and that nothing of what is too much is lost."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from posts.models import Comment, Post

from ..conftest import MakePost

WAIT = "Please wait a little. In a few days you may write more."

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits(settings: Settings) -> None:
    settings.NEW_ACCOUNT_DAYS = 3
    settings.NEW_POSTS_PER_HOUR = settings.NEW_COMMENTS_PER_HOUR = 1


def write(author: Client, body: str, **fields: str) -> str:
    answer = author.post("/posts/new/", {"title": "On reading", "body": body} | fields)
    return "" if answer.status_code == 302 else answer.content.decode()


def say(author: Client, post: Post, body: str, **fields: str) -> str:
    answer = author.post(f"/posts/{post.pk}/comments/", {"body": body} | fields)
    return "" if answer.status_code == 302 else answer.content.decode()


def has_been_here(person: User, **time: int) -> None:
    person.date_joined = timezone.now() - timedelta(**time)
    person.save()


def test_a_new_account_s_next_post_has_to_wait_and_stays_in_its_form(author: Client, valkey_server: None) -> None:
    assert write(author, "First.", key="abc") == ""
    refused = write(author, "Mine.")
    assert WAIT in refused
    assert "That is 1 post within an hour." in refused
    assert "Mine." in refused
    assert write(author, "First.", key="abc") == ""  # the first one's answer, again
    assert Post.objects.count() == 1


def test_a_new_account_s_next_comment_has_to_wait_and_stays_in_its_form(
    author: Client, make_published: MakePost
) -> None:
    post = make_published()
    assert say(author, post, "First.", key="abc") == ""
    refused = say(author, post, "Mine.")
    assert WAIT in refused
    assert "That is 1 comment within an hour." in refused
    assert "Mine." in refused
    assert say(author, post, "First.", key="abc") == ""
    assert Comment.objects.count() == 1


def test_who_has_been_here_for_days_may_go_on(author: Client, ann: User, make_published: MakePost) -> None:
    has_been_here(ann, days=3, seconds=1)
    post = make_published()
    for _ in range(2):
        assert write(author, "Another.") == ""
        assert say(author, post, "Another.") == ""


def test_what_was_written_an_hour_ago_does_not_count(author: Client, make_published: MakePost) -> None:
    post = make_published(created_at=timezone.now() - timedelta(minutes=61))
    Comment.objects.create(post=post, author=post.author, created_at=post.created_at)
    assert write(author, "Another.") == ""
    assert say(author, post, "Another.") == ""


def test_everybody_s_limit_holds_for_new_accounts_too(author: Client, ann: User, settings: Settings) -> None:
    settings.POSTS_PER_HOUR, settings.NEW_POSTS_PER_HOUR = 1, 2
    assert write(author, "First.") == ""
    assert WAIT in write(author, "Second.")
    has_been_here(ann, days=30)
    assert "Please wait a little.</p>" in write(author, "Second.")


def test_everybody_s_comments_have_a_limit_too(
    author: Client, ann: User, make_published: MakePost, settings: Settings
) -> None:
    settings.COMMENTS_PER_HOUR, settings.NEW_COMMENTS_PER_HOUR = 2, 1
    has_been_here(ann, days=30)
    post = make_published()
    assert [say(author, post, body) for body in ("First.", "Second.")] == ["", ""]
    refused = say(author, post, "Third.")
    assert "That is 2 comments within an hour. Please wait a little.</p>" in refused
    assert "Third." in refused


def test_nothing_is_limited_where_nobody_has_set_it(
    author: Client, make_published: MakePost, settings: Settings
) -> None:
    settings.NEW_POSTS_PER_HOUR = settings.NEW_COMMENTS_PER_HOUR = 0
    post = make_published()
    for _ in range(2):
        assert write(author, "Another.") == ""
        assert say(author, post, "Another.") == ""
