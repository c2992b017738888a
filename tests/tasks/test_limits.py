"""Manners towards each catalogue, shared through Redis."""

import pytest
import redis
from pytest_django import Settings

from tasks import limits

OURS, OTHER = "Open Library", "Google Books"

pytestmark = pytest.mark.usefixtures("broker")


def test_one_asks_and_the_next_ones_are_told_when_each_after_the_other(settings: Settings) -> None:
    settings.CATALOGUE_RATE = 0.1  # one in ten seconds
    assert limits.seconds_to_wait(OURS) == 0
    waits = [limits.seconds_to_wait(OURS) for _ in range(3)]
    for turn, wait in enumerate(waits, start=1):
        assert 10 * turn - 5 < wait <= 10 * turn


def test_who_comes_back_a_little_early_is_in_time_and_the_rate_stays_what_it_is(
    broker: redis.Redis, settings: Settings
) -> None:
    settings.CATALOGUE_RATE = 0.1
    limits.seconds_to_wait(OURS)
    seconds, micros = broker.time()
    free = 1_000_000 * seconds + micros + 1_500_000
    broker.set(limits.key(OURS, "free"), free)
    assert limits.seconds_to_wait(OURS) == 0
    assert int(broker.get(limits.key(OURS, "free")) or 0) == free + 10_000_000


def test_who_is_patient_goes_behind_all_others_and_leaves_every_second_turn_free(settings: Settings) -> None:
    settings.CATALOGUE_RATE = 0.1  # one in ten seconds
    assert limits.seconds_to_wait_behind_all(OURS) == 0
    patient = [limits.seconds_to_wait_behind_all(OURS) for _ in range(3)]
    for turn, wait in enumerate(patient, start=1):
        assert 20 * turn - 5 < wait <= 20 * turn
    others = [limits.seconds_to_wait(OURS) for _ in range(3)]  # as if nobody were patient
    for turn, wait in enumerate(others, start=1):
        assert 10 * turn - 5 < wait <= 10 * turn


def test_while_others_wait_for_their_turn_who_is_patient_has_none(broker: redis.Redis, settings: Settings) -> None:
    settings.CATALOGUE_RATE = 0.1
    limits.seconds_to_wait(OURS)
    limits.seconds_to_wait(OURS)
    broker.delete(limits.key(OURS, "free"))  # as it is when that turn has come
    assert 20 < limits.seconds_to_wait_behind_all(OURS) <= 30
    assert limits.seconds_to_wait(OURS) == 0


def test_a_turn_comes_again(settings: Settings) -> None:
    settings.CATALOGUE_RATE = 1000
    assert limits.seconds_to_wait(OURS) == 0
    while limits.seconds_to_wait(OURS) > 0:
        pass


def test_nothing_is_kept_for_longer_than_it_matters(settings: Settings, broker: redis.Redis) -> None:
    settings.CATALOGUE_RATE = 1
    for _ in range(3):
        limits.seconds_to_wait(OURS)
    assert all(0 < int(broker.ttl(limits.key(OURS, what))) <= 4 for what in ("free", "queue"))


def test_five_failures_in_a_row_open_the_breaker(settings: Settings) -> None:
    settings.CATALOGUE_RATE = 1000
    for _ in range(limits.BREAKER_AFTER - 1):
        limits.heard(OURS, reachable=False)
    limits.heard(OURS, reachable=True)
    limits.heard(OURS, reachable=False)
    assert limits.seconds_left_alone(OURS) == 0
    for _ in range(limits.BREAKER_AFTER - 1):
        limits.heard(OURS, reachable=False)
    assert 1 < limits.seconds_left_alone(OURS) <= limits.BREAKER_SECONDS


def test_a_refusal_holds_for_all_but_not_forever() -> None:
    limits.refused(OURS, 40)
    assert 30 < limits.seconds_left_alone(OURS) <= 40
    limits.refused(OURS, 10**6)
    assert limits.seconds_left_alone(OURS) <= limits.LONGEST_REFUSAL


def test_what_one_catalogue_does_is_not_held_against_another(settings: Settings) -> None:
    settings.CATALOGUE_RATE = 0.1
    assert limits.seconds_to_wait(OURS) == 0
    for _ in range(limits.BREAKER_AFTER):
        limits.heard(OURS, reachable=False)
        limits.heard(OTHER, reachable=True)
    assert limits.seconds_left_alone(OURS) > 0
    assert limits.seconds_left_alone(OTHER) == limits.seconds_to_wait(OTHER) == 0
