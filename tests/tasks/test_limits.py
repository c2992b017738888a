"""Manners towards the catalogue, shared through Redis."""

import pytest
import redis
from pytest_django import Settings

from tasks import limits

pytestmark = pytest.mark.usefixtures("broker")


def test_one_asks_and_the_next_ones_are_told_when_each_after_the_other(settings: Settings) -> None:
    settings.CATALOGUE_RATE = 0.1  # one in ten seconds
    assert limits.seconds_to_wait() == 0
    waits = [limits.seconds_to_wait() for _ in range(3)]
    for turn, wait in enumerate(waits, start=1):
        assert 10 * turn - 5 < wait <= 10 * turn


def test_who_comes_back_a_little_early_is_in_time_and_the_rate_stays_what_it_is(
    broker: redis.Redis, settings: Settings
) -> None:
    settings.CATALOGUE_RATE = 0.1
    limits.seconds_to_wait()
    seconds, micros = broker.time()
    free = 1_000_000 * seconds + micros + 1_500_000
    broker.set(limits.FREE, free)
    assert limits.seconds_to_wait() == 0
    assert int(broker.get(limits.FREE) or 0) == free + 10_000_000


def test_a_turn_comes_again(settings: Settings) -> None:
    settings.CATALOGUE_RATE = 1000
    assert limits.seconds_to_wait() == 0
    while limits.seconds_to_wait() > 0:
        pass


def test_nothing_is_kept_for_longer_than_it_matters(settings: Settings, broker: redis.Redis) -> None:
    settings.CATALOGUE_RATE = 1
    for _ in range(3):
        limits.seconds_to_wait()
    assert all(0 < int(broker.ttl(key)) <= 4 for key in (limits.FREE, limits.QUEUE))


def test_five_failures_in_a_row_open_the_breaker(settings: Settings) -> None:
    settings.CATALOGUE_RATE = 1000
    for _ in range(limits.BREAKER_AFTER - 1):
        limits.heard(reachable=False)
    limits.heard(reachable=True)
    limits.heard(reachable=False)
    assert limits.seconds_left_alone() == 0
    for _ in range(limits.BREAKER_AFTER - 1):
        limits.heard(reachable=False)
    assert 1 < limits.seconds_left_alone() <= limits.BREAKER_SECONDS


def test_a_refusal_holds_for_all_but_not_forever() -> None:
    limits.refused(40)
    assert 30 < limits.seconds_left_alone() <= 40
    limits.refused(10**6)
    assert limits.seconds_left_alone() <= limits.LONGEST_REFUSAL
