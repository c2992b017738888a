"""The operator's page: what waits, what failed, how the catalogues are and how the canary sings; and what to do."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_results.models import TaskResult

from posts.models import Post
from posts.outbox import State
from tasks.models import Reading, Song
from tasks.queue import ENRICH

from ..conftest import MakePost, hand_over

pytestmark = pytest.mark.django_db

PAGE = "/admin/pipeline/"


def fail(post: Post) -> None:
    Post.objects.filter(pk=post.pk).update(state=State.FAILED, due_at=None, attempts=20, error="Again and again.")


def text(admin: Client) -> str:
    return " ".join(admin.get(PAGE).content.decode().split())


def test_it_is_the_operators_alone(client: Client, bob: User) -> None:
    assert client.get(PAGE).status_code == 302
    client.force_login(bob)
    assert client.get(PAGE).status_code != 200
    assert client.post(PAGE, {"retry": "all"}).status_code != 200


def test_it_counts_posts_by_state_and_names_the_oldest_that_is_overdue(
    admin_client: Client, make_post: MakePost, make_published: MakePost
) -> None:
    assert "Nothing is overdue." in text(admin_client)
    make_published()
    Post.objects.filter(pk=make_published().pk).update(due_at=timezone.now())
    fail(make_post(title="Given up"))
    late = make_post(title="Late")
    Post.objects.filter(pk=late.pk).update(submitted_at=timezone.now() - timedelta(minutes=7), error="No answer.")
    page = text(admin_client)
    states = {"Published": 2, "Waiting or at work": 1, "Published, with an edit or a cover to come": 1, "Failed": 1}
    for state, number in states.items():
        assert f'<th scope="row">{state}</th><td>{number}</td>' in page
    assert "was saved 7 minutes ago" in page
    for said in ("Late", "No answer.", "Given up", "Again and again."):
        assert said in page
    assert f'<a href="{PAGE}">How the pipeline is</a>' in admin_client.get("/admin/").content.decode()


def test_it_speaks_the_operator_s_language(admin_client: Client) -> None:
    page = admin_client.get(PAGE, headers={"accept-language": "de"}).content.decode()
    assert "Nichts ist überfällig." in page
    assert "Nothing" not in page


def test_a_post_that_failed_is_tried_again_or_all_of_them(admin_client: Client, make_post: MakePost) -> None:
    posts = [make_post() for _ in range(3)]
    for post in posts:
        fail(post)
    admin_client.post(PAGE, {"retry": posts[1].pk})
    assert list(Post.objects.filter(state=State.PENDING)) == [posts[1]]
    answer = admin_client.post(PAGE, {"retry": "all"}, follow=True)
    assert "Posts that are tried again: 2." in answer.content.decode()
    assert Post.objects.filter(state=State.PENDING, attempts=0, token=None).count() == 3
    for nonsense in ("", "-1", "9" * 40, "٣"):
        assert admin_client.post(PAGE, {"retry": nonsense}).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_what_is_overdue_is_put_in_the_queue(admin_client: Client, make_post: MakePost, broker: Any) -> None:
    make_post()
    hand_over()
    broker.flushall()
    Post.objects.update(due_at=timezone.now())
    admin_client.post(PAGE, {"requeue": "yes"})
    assert broker.llen("enrich") == 1


def test_it_draws_what_waited_and_how_the_canary_sang(admin_client: Client) -> None:
    assert "It has not sung." in text(admin_client)
    now = timezone.now()
    for minutes, number in ((400, 99), (2, 12), (1, 0)):
        Reading.objects.create(at=now - timedelta(minutes=minutes), queued=number, overdue=number)
    Song.objects.create(milliseconds=40)
    Song.objects.create(milliseconds=60)
    Song.objects.create(milliseconds=900)
    Song.objects.create(trouble="TimeoutError: nothing came")
    page = text(admin_client)
    assert "In the queues: 0 messages now, 12 at most." in page
    assert 'aria-label="Messages in the queues: 0 now, 12 at most"' in page
    assert 'points="0,0 1,60"' in page
    assert "60 ms in the middle, 900 ms at worst. Times that it did not sing: 1." in page
    assert "TimeoutError: nothing came" in page
    assert "style=" not in page.partition('<div id="content"')[2]


def test_it_says_how_the_catalogues_answered(admin_client: Client) -> None:
    assert "None was asked" in text(admin_client)
    for number, (task, told) in enumerate(
        [
            (ENRICH, {"came": "published", "sources": {"Open Library": "found", "cover": "not found"}}),
            (ENRICH, {"came": "postponed", "sources": {"Open Library": "unreachable"}}),
            (ENRICH, {"came": "published", "sources": {"Open Library": "found"}}),
            (ENRICH, "no object"),
            ("another", {"came": "x", "sources": {"Nobody": "found"}}),
        ]
    ):
        TaskResult.objects.create(task_id=str(number), task_name=task, result=json.dumps(told))
    page = text(admin_client)
    assert "Open Library: found 2, unreachable 1" in page or "Open Library: unreachable 1, found 2" in page
    assert "Cover: not found 1" in page
    assert "Nobody" not in page


def test_it_takes_the_same_few_queries_however_much_there_is(admin_client: Client, make_post: MakePost) -> None:
    counts = set()
    admin_client.get(PAGE)  # the log's first row is made once
    for _ in range(2):
        for _ in range(5):
            fail(make_post())
            make_post()
        with CaptureQueriesContext(connection) as queries:
            admin_client.get(PAGE)
        counts.add(len(queries))
    assert len(counts) == 1
    assert max(counts) <= 12
