"""The notice log: nothing is missed, whatever the order in which writers commit."""

import json
import threading
from collections.abc import Mapping

import pytest
from django.db import OperationalError, connection, transaction

from updater import log, models
from updater.cursor import Cursor

# What makes a writer fail, not wait, where another holds the lock that it needs.
NO_WAITING = {"sqlite": "PRAGMA busy_timeout = 0", "postgresql": "SET lock_timeout = 1"}


def write(subject: int, content: Mapping[str, str] | None) -> log.Notice:
    with transaction.atomic():
        return log.write(subject, content)


def told(since: Cursor) -> list[tuple[str, int]]:
    """Kinds and subjects of what a reader at `since` is sent."""
    notices = log.read(since.epoch, since.number)
    assert notices is not None
    frames = [json.loads(text) for _, text in log.frames(notices, since)]
    return [(frame["kind"], frame["new_id"]) for frame in frames]


@pytest.mark.django_db(transaction=True)
def test_a_notice_outside_of_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        log.write(1, {})


@pytest.mark.django_db(transaction=True)
def test_a_notice_that_is_rolled_back_leaves_no_hole() -> None:
    before = write(1, {}).number

    def fail() -> None:
        log.write(2, {})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transaction.atomic(fail)()
    assert write(3, {}).number == before + 1


@pytest.mark.django_db(transaction=True)
def test_nobody_gets_a_number_while_another_has_not_committed_its_own() -> None:
    log.head()
    refused: list[OperationalError] = []

    def write_at_once_or_not() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(NO_WAITING[connection.vendor])
            write(2, {})
        except OperationalError as error:
            refused.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=write_at_once_or_not)
    with transaction.atomic():
        number = log.write(1, {}).number
        other.start()
        other.join()
        assert refused
    assert write(2, {}).number == number + 1


@pytest.mark.django_db(transaction=True)
def test_six_writers_at_once_and_a_reader_misses_none_of_theirs() -> None:
    since, writers, each = log.head(), 6, 15

    def write_many(number: int) -> None:
        try:
            for count in range(each):
                write(number * each + count, {"title": "a"})
        finally:
            connection.close()

    threads = [threading.Thread(target=write_many, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    seen: list[log.Notice] = []
    place = since.number
    running = True
    while running:
        # One more reading after the last writer has ended.
        running = any(thread.is_alive() for thread in threads)
        notices = log.read(since.epoch, place) or []
        seen += notices
        place = notices[-1].number if notices else place
    assert [notice.number for notice in seen] == list(range(since.number + 1, since.number + writers * each + 1))
    assert {notice.subject for notice in seen} == set(range(writers * each))


@pytest.mark.django_db
class TestLatest:
    def test_a_newer_notice_takes_the_place_of_the_older(self) -> None:
        write(7, {"title": "Older"})
        write(8, {"title": "Other"})
        write(7, {"title": "Newer"})
        notices = log.read(log.head().epoch, 0)
        assert notices
        assert [(notice.subject, json.loads(notice.content)["title"]) for notice in notices] == [
            (8, "Other"),
            (7, "Newer"),
        ]

    def test_the_text_of_what_is_removed_is_gone(self) -> None:
        write(7, {"title": "A secret"})
        write(7, None)
        assert "secret" not in models.Notice.objects.get(subject=7).content

    def test_too_many_to_replay_are_not_replayed_in_part(self) -> None:
        since = log.head()
        for subject in range(log.MOST_REPLAYED):
            write(subject, {})
        assert len(log.read(since.epoch, since.number) or []) == log.MOST_REPLAYED
        write(log.MOST_REPLAYED, {})
        assert log.read(since.epoch, since.number) is None
        assert len(log.latest(since.epoch)) == log.MOST_REPLAYED + 1


@pytest.mark.django_db
class TestKind:
    """Seen from the reader: what it has never heard of is published, what it knows has changed."""

    def test_news_are_published_and_then_they_change(self) -> None:
        start = log.head()
        write(7, {})
        first = log.head()
        write(7, {})
        assert told(start) == [("published", 7)]
        assert told(first) == [("changed", 7)]

    def test_a_removal_tells_the_id_and_nothing_else(self) -> None:
        start = log.head()
        write(7, {"title": "a"})
        notice = write(7, None)
        _, text = log.frames([notice], start)[0]
        assert set(json.loads(text)) == {"type", "cursor", "kind", "new_id"}

    def test_what_comes_back_after_a_removal_is_news(self) -> None:
        write(7, {})
        write(7, None)
        since = log.head()
        write(7, {})
        assert told(since) == [("published", 7)]

    def test_a_reader_that_breaks_off_within_a_replay_still_hears_of_the_rest_as_news(self) -> None:
        start = log.head()
        write(7, {})  # 1
        write(8, {})  # 2
        write(7, {})  # 3, and 1 is gone
        notices = log.read(start.epoch, start.number)
        assert notices
        (broke_off_at, _), _ = log.frames(notices, start)
        assert broke_off_at.number == start.number + 2
        assert told(broke_off_at) == [("published", 7)]
        resumed = log.usable(str(broke_off_at), log.head())
        assert resumed == broke_off_at


@pytest.mark.django_db
class TestUsable:
    def test_a_place_in_this_log_is(self) -> None:
        write(1, {})
        head = log.head()
        assert log.usable(str(head), head) == head

    def test_one_of_another_epoch_or_of_the_future_is_not(self) -> None:
        head = log.head()
        assert log.usable(str(Cursor.at("ffffffff", 0)), head) is None
        assert log.usable(str(Cursor.at(head.epoch, head.number + 1)), head) is None
