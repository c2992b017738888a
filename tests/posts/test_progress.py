"""How far a post has come, in words."""

from datetime import timedelta

import pytest
from django.utils import timezone

from posts.models import Book, Outcome, Post, Progress, Step
from posts.outbox import State
from posts.progress import add_progress

from ..conftest import MakePost

pytestmark = pytest.mark.django_db

ISBN = "9780980200447"


def progress(post: Post, **columns: object) -> Progress:
    Post.objects.filter(pk=post.pk).update(**columns)
    row = Post.objects.get(pk=post.pk)
    add_progress([row])
    return row.progress


def test_a_new_post_takes_as_long_as_the_last_ones_did(make_post: MakePost, make_published: MakePost) -> None:
    for seconds in (5, 20, 300):
        post = make_published()
        Post.objects.filter(pk=post.pk).update(created_at=timezone.now() - timedelta(seconds=seconds))
    assert progress(make_post()) == Progress("saved", "", "about 20 seconds")


def test_it_says_what_is_going_on(make_post: MakePost) -> None:
    post = make_post(isbn=ISBN)
    assert progress(post, step=Step.LOOKING_UP).detail == "Looking for the book in the catalogue."
    Book.objects.create(key=f"isbn:{ISBN}", title="Slow reading", year="2009", outcome=Outcome.FOUND)
    assert progress(post, step=Step.COVER).detail == "The book is found: Slow reading, 2009."


def test_a_book_that_was_picked_is_named_whatever_was_typed(make_post: MakePost) -> None:
    picked = Book.objects.create(key="page:1", title="The Summer Book", cover_outcome=Outcome.UNREACHABLE)
    post = make_post(picked=picked, book_title="Sommarboken")
    assert progress(post, step=Step.COVER).detail == "The book is found: The Summer Book."
    assert "does not answer" in progress(post, attempts=1).detail


@pytest.mark.parametrize(
    ("outcome", "words"), [(Outcome.REFUSED, "has had enough of us"), (Outcome.UNREACHABLE, "does not answer")]
)
def test_trouble_is_said_in_words_with_the_time_until_the_deadline(
    make_post: MakePost, outcome: Outcome, words: str
) -> None:
    post = make_post(isbn=ISBN)
    Book.objects.create(key=f"isbn:{ISBN}", outcome=outcome)
    assert words not in progress(post).detail  # it was an earlier post's trouble
    told = progress(post, step=Step.LOOKING_UP, attempts=1, submitted_at=timezone.now() - timedelta(seconds=20))
    assert words in told.detail
    assert told.expected in ("about 40 seconds", "about 39 seconds")


def test_what_is_late_is_not_promised_for_a_moment(make_post: MakePost) -> None:
    told = progress(make_post(), submitted_at=timezone.now() - timedelta(hours=1))
    assert told.expected == "longer than usual; it goes out by itself"


def test_a_post_that_is_given_up_says_so(make_post: MakePost) -> None:
    told = progress(make_post(), state=State.FAILED, due_at=None)
    assert (told.step, told.has_failed, told.expected) == ("failed", True, "")
    assert "Nothing of it is lost." in told.detail


def test_a_cover_that_never_came_is_nothing_to_its_author(make_published: MakePost) -> None:
    assert progress(make_published(), state=State.FAILED, due_at=None).step == "published"


def test_a_published_one_has_arrived_though_its_cover_is_still_to_come(make_published: MakePost) -> None:
    assert progress(make_published(), state=State.PENDING, due_at=timezone.now()) == Progress("published", "", "")
