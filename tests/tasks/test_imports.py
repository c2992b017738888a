"""An import at work: rows become posts, once each, behind all that people write."""

import io
import json

import pytest
import redis
from django.contrib.auth.models import User
from django.utils import timezone

from posts import goodreads
from posts.models import Import, ImportRow, Post, RowState
from posts.outbox import MOST_ATTEMPTS, State
from tasks import enrich
from tasks.imports import ROWS_AT_ONCE, WINDOW, go_on, make, sweep
from updater.models import Notice

from ..conftest import MakePost, hand_over
from ..goodreads import file, row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker", "catalogue")]


def begin(person: User, *rows: dict[str, str]) -> Import:
    """An import as its form begins it."""
    batch = Import(person=person, file_name="export.csv")
    batch.submit()
    ImportRow.objects.bulk_create(
        ImportRow(import_of=batch, number=number, title=goodreads.title_of(fields), fields=fields)
        for number, fields in enumerate(goodreads.read(io.BytesIO(file(*rows))), start=1)
    )
    return batch


def step(batch: Import) -> None:
    """One turn of it, at once."""
    Import.objects.filter(pk=batch.pk).update(not_before=timezone.now())
    go_on(batch.pk)


def finish(batch: Import) -> None:
    for _ in range(9):
        if not Import.objects.get(pk=batch.pk).is_going_on:
            return
        step(batch)
        for post_id in Post.objects.filter(state=State.PENDING).values_list("pk", flat=True):
            enrich.enrich_post(post_id)
    raise AssertionError("It comes to no end.")


def states(batch: Import) -> list[tuple[str, str]]:
    return list(batch.rows.order_by("number").values_list("state", "reason"))


def queued(broker: redis.Redis, queue: str) -> list[str]:
    hand_over()
    return [json.loads(message)["headers"]["task"] for message in broker.lrange(queue, 0, -1)]


def test_each_row_becomes_a_post_that_readers_see(ann: User) -> None:
    batch = begin(ann, row(1, Title="The Summer Book"), row(2))
    finish(batch)
    assert states(batch) == [("done", ""), ("done", "")]
    first = Post.objects.published().get(title="The Summer Book")
    assert (first.author, first.excerpt) == (ann, "★★★★☆ I liked number 1.")
    assert Import.objects.get().state == State.DONE


def test_the_same_file_again_makes_nothing_twice(ann: User, bob: User) -> None:
    rows = [row(1), row(2), row(1)]
    first, again, other = begin(ann, *rows), begin(ann, *rows), begin(bob, *rows)
    for batch in (first, again, other):
        finish(batch)
    assert [state for state, _ in states(first)] == ["done", "done", "duplicate"]
    assert [state for state, _ in states(again)] == ["duplicate"] * 3
    assert [state for state, _ in states(other)] == ["done", "done", "duplicate"]
    assert Post.objects.filter(author=ann).count() == 2
    assert set(again.rows.values_list("post", flat=True)) == set(first.rows.values_list("post", flat=True))


def test_a_row_that_cannot_be_a_post_says_why_and_holds_up_no_other(ann: User) -> None:
    batch = begin(ann, row(1, Title=""), row(2, Book_Id="x"), row(3))
    finish(batch)
    assert states(batch)[0] == ("failed", "The row has no title.")
    assert states(batch)[1][0] == "failed"
    assert states(batch)[2] == ("done", "")


def test_a_mistake_of_ours_about_one_row_holds_up_no_other(ann: User) -> None:
    batch = begin(ann, row(1), row(2))
    batch.rows.filter(number=1).update(fields={"Book Id": "1"})  # as no file makes it
    finish(batch)
    assert states(batch) == [("failed", "Something went wrong on our side."), ("done", "")]


def test_a_row_that_two_workers_come_to_is_made_once(ann: User) -> None:
    batch = begin(ann, row(1))
    seen_by_both = batch.rows.get()
    for _ in range(2):
        make(seen_by_both, ann.pk)
    assert states(batch) == [("made", "")]
    assert Post.objects.count() == 1


def test_what_has_become_a_post_is_kept_no_second_time(ann: User) -> None:
    batch = begin(ann, row(1), row(1))
    finish(batch)
    assert list(batch.rows.values_list("fields", flat=True)) == [{}, {}]


def test_a_post_that_failed_is_a_row_that_failed_and_gets_another_try(ann: User) -> None:
    batch = begin(ann, row(1))
    step(batch)
    Post.objects.update(state=State.FAILED, due_at=None)
    step(batch)
    assert states(batch) == [("failed", "Something went wrong on our side.")]
    batch.rows.update(state=RowState.WAITING, reason="")
    batch.submit()
    finish(batch)
    assert states(batch) == [("done", "")]
    assert Post.objects.published().count() == 1


def test_a_post_that_is_deleted_on_the_way_is_no_riddle(ann: User) -> None:
    batch = begin(ann, row(1))
    step(batch)
    Post.objects.get().delete()
    finish(batch)
    assert states(batch) == [("failed", "Its post was deleted before anybody saw it.")]


def test_only_so_many_are_on_their_way_at_once(ann: User) -> None:
    batch = begin(ann, *(row(number) for number in range(1, WINDOW + 6)))
    step(batch)
    step(batch)
    assert Post.objects.count() == WINDOW
    enrich.enrich_post(Post.objects.earliest("pk").pk)
    step(batch)
    assert Post.objects.count() == WINDOW + 1


def test_many_duplicates_take_no_worker_for_long(ann: User) -> None:
    finish(begin(ann, row(1)))
    again = begin(ann, *[row(1)] * (ROWS_AT_ONCE + 1))
    step(again)
    assert again.counts() == dict.fromkeys(RowState, 0) | {"waiting": 1, "duplicate": ROWS_AT_ONCE}


def test_a_worker_that_dies_on_the_way_loses_nothing_and_makes_nothing_twice(ann: User, broker: redis.Redis) -> None:
    batch = begin(ann, *(row(number) for number in range(1, 4)))
    claimed = Import.objects.claim(batch.pk)
    assert claimed
    hand_over()
    broker.flushall()
    sweep()
    assert queued(broker, "imports") == []  # its lease has not run out
    Import.objects.update(due_at=timezone.now())
    sweep()
    assert queued(broker, "imports") == ["tasks.imports.go_on"]
    finish(batch)
    assert [state for state, _ in states(batch)] == ["done"] * 3
    assert not claimed.finish()


def test_workers_that_do_not_come_back_are_not_sent_for_without_end(ann: User) -> None:
    batch = begin(ann, row(1))
    for _ in range(MOST_ATTEMPTS):
        Import.objects.update(not_before=timezone.now(), due_at=timezone.now())
        assert Import.objects.claim(batch.pk)
        Import.objects.update(due_at=timezone.now())
        sweep()
    assert Import.objects.get().state == State.FAILED


def test_a_turn_that_has_nothing_wrong_is_no_attempt(ann: User) -> None:
    batch = begin(ann, *(row(number) for number in range(1, 4)))
    for _ in range(MOST_ATTEMPTS + 1):
        step(batch)
    assert Import.objects.get().attempts == 0


def test_a_message_too_many_changes_nothing(ann: User) -> None:
    batch = begin(ann, row(1))
    step(batch)
    go_on(batch.pk)  # its time has not come
    finish(batch)
    go_on(batch.pk)
    assert Post.objects.count() == 1


def test_an_imported_post_waits_in_a_queue_of_its_own(ann: User, broker: redis.Redis, make_post: MakePost) -> None:
    batch = begin(ann, row(1))
    step(batch)
    make_post()
    assert queued(broker, "enrich") == ["tasks.enrich.enrich_post"]
    assert set(queued(broker, "imports")) == {"tasks.imports.go_on", "tasks.enrich.enrich_post"}


def test_the_sweep_puts_it_there_too(broker: redis.Redis, make_post: MakePost) -> None:
    make_post(imported=True)
    make_post()
    hand_over()
    broker.flushall()
    enrich.sweep()
    assert len(queued(broker, "imports")) == len(queued(broker, "enrich")) == 1


def test_its_notice_says_that_it_is_no_news_to_be_told_aloud(make_post: MakePost) -> None:
    for imported in (True, False):
        post = make_post(imported=imported)
        enrich.enrich_post(post.pk)
        assert ("data-quiet" in Notice.objects.get(subject=post.pk).content) == imported
