"""Whom something concerns hears of it, once; and the number in the frame is that of the list."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from posts.models import Book, Comment, Interest, Notification, Post
from posts.notifications import MOST_MENTIONS, notified, notify_of_post

from ..conftest import MakePost

pytestmark = pytest.mark.django_db


@pytest.fixture
def eve() -> User:
    return User.objects.create_user("eve")


@pytest.fixture
def reader(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


def say(post: Post, person: User, body: str = "Yes.") -> Comment:
    return Comment.objects.create(post=post, author=person, body=body, html=f"<p>{body}</p>")


def follow(person: User, **subject: object) -> None:
    Interest.objects.create(person=person, wish="follow", **subject)


def of(person: User) -> list[str]:
    """What stands in somebody's list, the latest first; and in the frame of the page, its number of unread ones."""
    reader = Client()
    reader.force_login(person)
    page = reader.get("/notifications/")
    shown = page.context["notifications"]
    badge = re.search(r"<span class=\"badge\" data-unread(?: hidden)?>([0-9]+)</span>", page.content.decode())
    assert badge
    assert int(badge[1]) == sum(one.read_at is None for one in shown)
    assert reader.get("/notifications/unread/").json() == {"unread": int(badge[1])}
    return [f"{one.actor} {one.get_kind_display()} {one.post.shown_title}" for one in shown]


def test_an_author_hears_of_comments_on_their_post(make_published: MakePost, ann: User, bob: User) -> None:
    post = make_published(title="Slowly")
    say(post, ann)
    say(post, bob)
    assert of(ann) == ["bob commented on your post Slowly"]
    assert of(bob) == []


def test_those_who_talk_hear_of_each_other(make_published: MakePost, bob: User, eve: User) -> None:
    post = make_published(title="Slowly")
    say(post, bob)
    say(post, bob)
    say(post, eve)
    assert of(bob) == ["eve also commented on Slowly"]
    assert of(eve) == []


def test_who_is_mentioned_hears_of_it_also_when_an_edit_does(make_published: MakePost, bob: User, eve: User) -> None:
    comment = say(make_published(title="Slowly"), eve, "As @bob says. me@eve.example https://a.example/@ann")
    assert of(bob) == ["eve mentioned you in Slowly"]
    comment.body = "As @bob. and @Eve and @nobody say, (@ann)."
    for _ in range(2):
        comment.save()
    assert len(of(bob)) == 1
    assert of(eve) == []
    assert of(comment.post.author) == ["eve commented on your post Slowly"]  # not twice for one comment


def test_those_who_follow_an_author_or_a_book_hear_of_a_post_once(
    make_published: MakePost, ann: User, bob: User, eve: User
) -> None:
    book = Book.objects.create(key="isbn:1", title="Slow reading")
    follow(bob, author=ann)
    follow(bob, book=book)
    follow(ann, book=book)
    post = make_published(title="Slowly", book=book, body="For @eve.")
    for is_new in (True, False):
        notify_of_post(post, is_new=is_new)
    assert of(bob) == ["ann posted Slowly"]
    assert of(eve) == ["ann mentioned you in Slowly"]
    assert of(ann) == []


def test_who_follows_after_the_first_readers_hears_of_no_edit(make_published: MakePost, ann: User, bob: User) -> None:
    post = make_published()
    follow(bob, author=ann)
    notify_of_post(post, is_new=False)
    assert of(bob) == []


def mute(**subject: object) -> Callable[[Notification], None]:
    def change(one: Notification) -> None:
        known = {"author": one.actor, "book": one.post.book, "post": one.post}
        Interest.objects.create(person=one.person, wish="mute", **{name: known[name] for name in subject})

    return change


def close_account(one: Notification) -> None:
    one.actor.is_active = False
    one.actor.save()


HIDING: dict[str, Callable[[Notification], object]] = {
    "its author is muted": mute(author=True),
    "its book is muted": mute(book=True),
    "its thread is muted": mute(post=True),
    "its author's account is shut": close_account,
    "the comment is deleted": lambda one: one.comment and one.comment.delete(),
    "the post is deleted": lambda one: one.post.delete(),
    "who caused it is deleted": lambda one: one.actor.delete(),
}


@pytest.mark.parametrize("what", HIDING)
def test_what_is_not_to_be_seen_is_neither_in_the_list_nor_counted(
    what: str, make_published: MakePost, ann: User, bob: User
) -> None:
    post = make_published(book=Book.objects.create(key="isbn:1", title="Slow reading"))
    say(post, bob)
    (one,) = Notification.objects.filter(person=ann)
    assert len(of(ann)) == 1
    HIDING[what](one)
    assert of(ann) == []


@pytest.mark.parametrize("what", ["comment", "post"])
def test_those_who_have_not_read_it_are_told_when_it_is_deleted(
    what: str, make_published: MakePost, ann: User, bob: User, eve: User
) -> None:
    comment = say(make_published(), bob, "@eve")
    say(comment.post, bob, "@eve")
    Notification.objects.filter(person=eve).update(read_at=timezone.now())
    told: list[list[int]] = []

    def hear(people: list[int], **kwargs: Any) -> None:
        told.append(people)

    notified.connect(hear)
    (comment if what == "comment" else comment.post).delete()
    notified.disconnect(hear)
    assert told == [[ann.pk]]


def test_opening_one_leads_to_what_it_is_about_and_counts_as_reading(
    reader: Client, make_published: MakePost, bob: User, eve: User
) -> None:
    comment = say(make_published(author=bob), eve)
    (one,) = Notification.objects.all()
    answer = reader.get(f"/notifications/{one.pk}/")
    assert answer.headers["Location"] == comment.get_absolute_url()
    assert reader.get("/notifications/unread/").json() == {"unread": 0}
    assert len(of(bob)) == 1


def test_all_can_be_marked_as_read_and_nobody_else_s(
    reader: Client, make_published: MakePost, ann: User, bob: User, eve: User
) -> None:
    for author in (ann, bob):
        say(make_published(author=author), eve)
    assert reader.get("/notifications/read/").status_code == 405
    reader.post("/notifications/read/")
    assert not Notification.objects.filter(person=bob, read_at=None).exists()
    assert Notification.objects.filter(person=ann, read_at=None).count() == 1
    assert reader.get(f"/notifications/{Notification.objects.get(person=ann).pk}/").status_code == 404


def test_a_thread_can_be_muted_and_heard_again(reader: Client, make_published: MakePost, bob: User, eve: User) -> None:
    post = make_published(author=bob)
    address = f"/posts/{post.pk}/interest/"
    assert "Mute this conversation" in reader.get(post.get_absolute_url()).content.decode()
    assert reader.post(address, {"wish": "mute"}).headers["Location"] == f"{post.get_absolute_url()}#comments"
    say(post, eve)
    assert of(bob) == []
    assert "Hear of this conversation again" in reader.get(post.get_absolute_url()).content.decode()
    reader.post(address, {"wish": ""})
    assert len(of(bob)) == 1
    assert "data-muted" not in reader.get("/").content.decode()


def test_pages_follow_each_other(reader: Client, make_published: MakePost, bob: User, eve: User) -> None:
    post = make_published(author=bob)
    for number in range(45):
        say(post, eve, f"{number}")
    seen, address = [], "/notifications/"
    while address:
        page = reader.get(address)
        seen += [one.comment.body for one in page.context["notifications"]]
        older = page.context["older"]
        address = f"/notifications/?before={older}" if older else ""
    assert seen == [f"{number}" for number in reversed(range(45))]


def test_no_text_mentions_half_the_world(make_published: MakePost, ann: User) -> None:
    everybody = [User.objects.create_user(f"u{number}") for number in range(MOST_MENTIONS + 5)]
    say(make_published(), ann, " ".join(f"@{person.username}" for person in everybody))
    assert Notification.objects.count() == MOST_MENTIONS


def test_a_stranger_has_none() -> None:
    for address in ("/notifications/", "/notifications/unread/", "/notifications/1/"):
        assert Client().get(address).headers["Location"].startswith("/accounts/login/")


def test_what_was_read_stays_read_when_it_is_done_again(make_published: MakePost, ann: User, eve: User) -> None:
    comment = say(make_published(), eve)
    Notification.objects.update(read_at=timezone.now())
    comment.body = "@ann"
    comment.save()
    assert Notification.objects.get(person=ann).read_at
