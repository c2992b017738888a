"""The sweep: what brings a post out whose message, or whose worker, was lost."""

import pytest
import redis
from django.utils import timezone

from posts.models import Post, Step
from tasks import meters
from tasks.enrich import enrich_post, sweep

from ..conftest import MakePost, hand_over

pytestmark = pytest.mark.django_db(transaction=True)


def queued(broker: redis.Redis) -> int:
    return int(broker.llen("enrich"))


def lose_all(broker: redis.Redis) -> None:
    hand_over()
    broker.flushall()


def test_it_queues_what_is_overdue_and_then_leaves_it_alone(make_post: MakePost, broker: redis.Redis) -> None:
    make_post()
    lose_all(broker)
    sweep()
    assert queued(broker) == 1
    sweep()
    assert queued(broker) == 1
    Post.objects.update(due_at=timezone.now())
    sweep()
    assert queued(broker) == 2


def test_it_takes_back_what_a_dead_worker_held(make_post: MakePost, broker: redis.Redis) -> None:
    post = make_post()
    Post.objects.claim(post.pk)
    lose_all(broker)
    sweep()
    assert queued(broker) == 0
    Post.objects.update(due_at=timezone.now())
    sweep()
    assert queued(broker) == 1
    assert enrich_post(post.pk)["came"] == "published"


def test_what_is_done_it_does_not_touch(make_post: MakePost, broker: redis.Redis) -> None:
    enrich_post(make_post().pk)
    lose_all(broker)
    sweep()
    assert queued(broker) == 0


def test_what_was_put_off_on_purpose_does_not_count_as_rescued(make_post: MakePost, broker: redis.Redis) -> None:
    def rescued() -> float:
        (metric,) = meters.rescued.collect()
        return next(sample.value for sample in metric.samples if sample.name.endswith("_total"))

    before = rescued()
    Post.objects.filter(pk=make_post().pk).update(attempts=2)
    Post.objects.filter(pk=make_post().pk).update(step=Step.PUBLISHED)
    lose_all(broker)
    sweep()
    assert (queued(broker), rescued()) == (2, before)
    make_post()
    lose_all(broker)
    sweep()
    assert (queued(broker), rescued()) == (1, before + 1)
