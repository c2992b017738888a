"""The row as a place in the queue: one holder at a time, and only the holder finishes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from posts.models import Post
from posts.outbox import LEASE, MOST_ATTEMPTS, State

from ..conftest import MakePost

pytestmark = pytest.mark.django_db


def claimed(post: Post) -> Post:
    row = Post.objects.claim(post.pk)
    assert row
    return row


def stored(post: Post) -> Post:
    return Post.objects.get(pk=post.pk)


def test_a_saved_post_is_due_at_once(make_post: MakePost) -> None:
    post = stored(make_post())
    assert post.state == State.PENDING
    assert list(Post.objects.overdue(timezone.now())) == [post]


def test_a_claim_takes_a_post_out_of_reach(make_post: MakePost) -> None:
    post = make_post()
    row = claimed(post)
    assert row.attempts == 1
    assert Post.objects.claim(post.pk) is None
    assert not Post.objects.overdue(timezone.now()).exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_claims_at_once_one_succeeds(make_post: MakePost) -> None:
    post = make_post()

    def claim(_: int) -> bool:
        try:
            return Post.objects.claim(post.pk) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(claim, range(12))) == 1


def test_a_finished_post_has_nothing_left_to_do(make_post: MakePost) -> None:
    post = make_post()
    assert claimed(post).finish(slug="a")
    row = stored(post)
    assert (row.state, row.due_at, row.token, row.slug) == (State.DONE, None, None, "a")
    assert Post.objects.claim(post.pk) is None


def test_an_edit_fences_off_the_worker_of_the_older_text(make_post: MakePost) -> None:
    post = make_post()
    worker = claimed(post)
    post.title = "Newer"
    post.edit()
    assert not worker.note(step="cover")
    assert not worker.finish(shown_title="Older")
    assert not worker.postpone(timezone.now(), "later", tried=True)
    assert not worker.fail("never")
    row = stored(post)
    assert (row.title, row.shown_title, row.state, row.attempts) == ("Newer", "", State.PENDING, 0)


def test_an_edit_overwrites_nothing_that_a_worker_wrote(make_post: MakePost) -> None:
    post = make_post()
    stale = stored(post)
    published_at = timezone.now()
    assert claimed(post).finish(published_at=published_at, html="<p>a</p>")
    stale.body = "Newer"
    stale.edit()
    row = stored(post)
    assert (row.body, row.html, row.published_at) == ("Newer", "<p>a</p>", published_at)


def test_a_lease_that_ran_out_is_taken_back_and_its_worker_fenced_off(make_post: MakePost) -> None:
    post = make_post()
    lost = claimed(post)
    assert Post.objects.reclaim(timezone.now()) == []
    assert Post.objects.reclaim(timezone.now() + LEASE) == [post.pk]
    assert not lost.finish(html="late")
    assert claimed(post).attempts == 2


def test_a_post_that_kills_its_workers_is_given_up_in_the_end(make_post: MakePost) -> None:
    post = make_post()
    for _ in range(MOST_ATTEMPTS):
        claimed(post)
        Post.objects.reclaim(timezone.now() + LEASE)
    row = stored(post)
    assert (row.state, row.due_at) == (State.FAILED, None)
    row.submit()
    assert claimed(post).attempts == 1


def test_a_message_too_many_does_not_shorten_a_back_off(make_post: MakePost) -> None:
    post = make_post()
    assert claimed(post).postpone(timezone.now() + timedelta(seconds=30), "refused", tried=True)
    assert Post.objects.claim(post.pk) is None
    post.submit()
    assert Post.objects.claim(post.pk)


def test_only_what_was_tried_counts_as_an_attempt(make_post: MakePost) -> None:
    post = make_post()
    assert claimed(post).postpone(timezone.now(), "over the limit", tried=False)
    assert claimed(post).postpone(timezone.now(), "refused", tried=True)
    assert claimed(post).attempts == 2


def test_what_the_sweep_put_in_the_queue_it_leaves_alone_for_a_while(make_post: MakePost) -> None:
    waiting, working = make_post(), make_post()
    claimed(working)
    now = timezone.now()
    Post.objects.put_off([waiting.pk, working.pk], now, now + timedelta(seconds=10))
    assert stored(waiting).due_at == now + timedelta(seconds=10)
    due_at = stored(working).due_at
    assert due_at
    assert due_at > now + timedelta(seconds=30)  # its lease
    assert Post.objects.claim(waiting.pk)
