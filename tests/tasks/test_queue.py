"""Whoever saves a post never fails by the broker. (How long it takes is for the benchmarks.)"""

import json
from typing import Any

import pytest
import redis
from django.db import transaction

from tasks.queue import post_of

from ..conftest import MakePost, hand_over
from ..site import Site


def queued(broker: redis.Redis) -> list[dict[str, Any]]:
    hand_over()
    return [json.loads(message) for message in broker.lrange("enrich", 0, -1)]


@pytest.mark.django_db(transaction=True)
def test_a_saved_post_is_in_the_queue(broker: redis.Redis, make_post: MakePost) -> None:
    make_post()
    assert len(queued(broker)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_post_is_queued_when_it_is_committed_and_not_before(broker: redis.Redis, make_post: MakePost) -> None:
    with transaction.atomic():
        make_post()
        assert queued(broker) == []
    assert len(queued(broker)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_save_that_is_rolled_back_queues_nothing(broker: redis.Redis, make_post: MakePost) -> None:
    def fail() -> None:
        make_post()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transaction.atomic(fail)()
    assert queued(broker) == []


@pytest.mark.django_db(transaction=True)
def test_what_is_saved_one_after_the_other_is_queued_so(broker: redis.Redis, make_post: MakePost) -> None:
    posts = [make_post() for _ in range(5)]
    ids = [message["headers"]["id"] for message in reversed(queued(broker))]
    assert [post_of(task_id) for task_id in ids] == [post.pk for post in posts]


def test_a_process_that_ends_at_once_hands_over_first(own_site: Site) -> None:
    author = own_site.author()
    code = f"""
from django.contrib.auth.models import User
from posts.models import Post
post = Post(author=User.objects.get(username="{author.name}"), title="In short", body="Four evenings.")
post.submit()
print(post.pk)
"""
    with own_site.without("worker"), own_site.without("sweep"):
        post_id = int(own_site.manage("shell", "--no-imports", "-c", code))
        with redis.Redis.from_url(own_site.redis_url) as broker:
            ids = [message["headers"]["id"] for message in queued(broker)]
    assert post_id in map(post_of, ids)
