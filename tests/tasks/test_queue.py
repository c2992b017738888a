"""Whoever saves a post never fails by the broker. (How long it takes is for the benchmarks.)"""

import json

import pytest
import redis
from django.db import transaction

from ..conftest import MakePost


def queued(broker: redis.Redis) -> list[dict[str, object]]:
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
