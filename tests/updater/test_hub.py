"""The hub on a real channel layer and a real log: every socket, every notice, once and in order."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from bookshelf.sessions import SessionStore
from updater import log, logins, models
from updater.announce import GROUP, announce, signal
from updater.hub import Hub
from updater.lane import Lane

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


class Listener:
    """A socket that keeps what it is sent."""

    def __init__(self, session: str | None = None, person: int | None = None) -> None:
        self.nonce: str | None = None
        self.session = session
        self.person = person
        self.lane: Lane | None = None
        self.ended = False
        self.closing: asyncio.Future[int] = asyncio.Future()
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def send_text(self, text: str) -> None:
        self.messages.put_nowait(json.loads(text))

    async def close(self, code: int) -> None:
        self.closing.set_result(code)

    async def notices(self, count: int) -> list[tuple[str, int]]:
        """Kinds and subjects of the next `count` messages, which are notices."""
        found = []
        for _ in range(count):
            message = await self.message()
            assert message["type"] == "update_notice", message
            found.append((message["kind"], message["new_id"]))
        return found

    async def message(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.messages.get(), 20)

    async def greeting(self) -> dict[str, Any]:
        message = await self.message()
        assert message["type"] == "hello", message
        return message


class Broken(Listener):
    async def send_text(self, text: str) -> None:
        raise RuntimeError("gone")


@database_sync_to_async
def tell(*subjects: int, removed: bool = False) -> None:
    for subject in subjects:
        with transaction.atomic():
            announce(subject, None if removed else {"title": f"Post {subject}"})


@database_sync_to_async
def write_quietly(*subjects: int) -> log.Notice:
    """Commit notices whose bells are lost."""
    for subject in subjects:
        with transaction.atomic():
            notice = log.write(subject, {"title": f"Post {subject}"})
    return notice


async def ring(notice: log.Notice) -> None:
    await get_channel_layer().group_send(GROUP, {"type": "notice", **notice.as_event()})


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    hub = Hub()
    await hub.ready()
    yield hub
    await hub.stop()


async def joined(hub: Hub, since: str | None = None, person: User | None = None) -> Listener:
    listener = Listener(*await log_in(person)) if person else Listener()
    await hub.join(listener, since)
    return listener


@database_sync_to_async
def log_in(person: User) -> tuple[str, int]:
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(person.pk), person.get_session_auth_hash()
    session.save()
    key = str(session.session_key)
    return key, logins.read([key])[key]


send = database_sync_to_async(signal)


def counts(subject: int, likes: int) -> dict[str, Any]:
    return {"type": "counts", "new_id": subject, "likes": likes, "comments": 0}


async def test_every_socket_is_told(hub: Hub) -> None:
    listeners = [await joined(hub) for _ in range(3)]
    await tell(7, 8)
    for listener in listeners:
        await listener.greeting()
        assert await listener.notices(2) == [("published", 7), ("published", 8)]


async def test_a_lost_bell_is_made_up_for_by_the_tick(hub: Hub) -> None:
    listener = await joined(hub)
    await write_quietly(7)
    await listener.greeting()
    assert await listener.notices(1) == [("published", 7)]


async def test_a_bell_after_a_hole_brings_what_is_missing_first(hub: Hub) -> None:
    listener = await joined(hub)
    await write_quietly(7, 8)
    await tell(9)
    await listener.greeting()
    assert await listener.notices(3) == [("published", 7), ("published", 8), ("published", 9)]


async def test_a_bell_that_rings_twice_or_late_is_heard_once(hub: Hub) -> None:
    listener = await joined(hub)
    first = await write_quietly(7)
    second = await write_quietly(8)
    for notice in (second, first, second, first):
        await ring(notice)
    await tell(9)
    await listener.greeting()
    assert await listener.notices(3) == [("published", 7), ("published", 8), ("published", 9)]
    assert listener.messages.empty()


async def test_what_changed_while_the_bells_were_lost_is_still_news(hub: Hub) -> None:
    listener = await joined(hub)
    await write_quietly(7, 8, 7)
    await listener.greeting()
    assert await listener.notices(2) == [("published", 8), ("published", 7)]


async def test_nonsense_on_the_channel_layer_does_no_harm(hub: Hub) -> None:
    listener = await joined(hub)
    for kind in ("notice", "signal", "something"):
        await get_channel_layer().group_send(GROUP, {"type": kind})
    await tell(7)
    await listener.greeting()
    assert await listener.notices(1) == [("published", 7)]


async def test_a_socket_is_replayed_what_it_missed(hub: Hub) -> None:
    present = await joined(hub)
    since = (await present.greeting())["cursor"]
    await tell(7, 8)
    await tell(7, removed=True)
    await present.notices(3)
    late = await joined(hub, since)
    assert (await late.greeting())["cursor"] == since
    assert await late.notices(2) == [("published", 8), ("removed", 7)]
    await tell(9)
    assert await late.notices(1) == [("published", 9)]


async def test_a_page_may_be_ahead_of_this_process(hub: Hub) -> None:
    present = await joined(hub)
    await write_quietly(7)
    since = str(await database_sync_to_async(log.head)())
    late = await joined(hub, since)
    assert (await late.greeting())["cursor"] == since
    await present.greeting()
    assert await present.notices(1) == [("published", 7)]
    assert late.messages.empty()


async def test_sockets_that_join_in_a_storm_of_notices_miss_none_and_hear_none_twice(hub: Hub) -> None:
    present = await joined(hub)
    since = (await present.greeting())["cursor"]
    expected = [("published", number) for number in range(60)]
    storm = asyncio.create_task(tell(*range(60)))
    listeners = []
    for notice in expected:
        assert await present.notices(1) == [notice]
        listeners.append(await joined(hub, since))
    await storm
    for listener in listeners:
        await listener.greeting()
        assert await listener.notices(60) == expected


@pytest.mark.parametrize("since", ["", "x", "ffffffff-1", "future"])
async def test_a_cursor_that_is_of_no_use_resets(hub: Hub, since: str) -> None:
    present = await joined(hub)
    await tell(7)
    await present.greeting()
    await present.notices(1)
    head = await database_sync_to_async(log.head)()
    listener = await joined(hub, f"{head.epoch}-999" if since == "future" else since)
    assert (await listener.greeting())["cursor"] == str(head)
    assert (await listener.message())["type"] == "reset"
    await tell(8)
    assert await listener.notices(1) == [("published", 8)]


async def test_too_far_behind_resets_and_replays_nothing() -> None:
    since = str(await database_sync_to_async(log.head)())
    await write_quietly(*range(log.MOST_REPLAYED + 1))
    hub = Hub()
    await hub.ready()
    try:
        listener = await joined(hub, since)
        await listener.greeting()
        assert (await listener.message())["type"] == "reset"
        assert listener.messages.empty()
    finally:
        await hub.stop()


async def test_another_log_resets_every_socket(hub: Hub) -> None:
    listener = await joined(hub)
    await listener.greeting()
    await models.Notice.objects.all().adelete()
    await models.Head.objects.all().adelete()  # as after a restore
    assert (await listener.message())["type"] == "reset"
    await tell(7)
    assert await listener.notices(1) == [("published", 7)]


async def test_a_socket_that_breaks_harms_no_other(hub: Hub) -> None:
    broken, listener = Broken(), await joined(hub)
    hub._level.add(broken)
    await tell(7)
    await listener.greeting()
    assert await listener.notices(1) == [("published", 7)]
    assert broken not in hub._level
    assert await broken.closing == 4008


async def test_subscribers_of_the_channel_layer_may_all_be_lost(hub: Hub, broker: redis.Redis) -> None:
    listener = await joined(hub)
    await listener.greeting()
    broker.client_kill_filter(_type="pubsub")
    await tell(7)
    assert await listener.notices(1) == [("published", 7)]
    await tell(8)
    assert await listener.notices(1) == [("published", 8)]


class TestSignals:
    async def test_one_to_all_reaches_every_socket(self, hub: Hub, ann: User) -> None:
        listeners = [await joined(hub), await joined(hub, person=ann)]
        await send({"type": "counts", "new_id": 7})
        for listener in listeners:
            await listener.greeting()
            assert await listener.message() == {"type": "counts", "new_id": 7}

    async def test_one_to_a_person_reaches_that_person_s_sockets_alone(self, hub: Hub, ann: User, bob: User) -> None:
        own = [await joined(hub, person=ann), await joined(hub, person=ann)]
        others = [await joined(hub), await joined(hub, person=bob)]
        await send({"type": "progress", "new_id": 7}, to=ann.pk)
        await send({"type": "last"})
        for listener in own:
            await listener.greeting()
            assert await listener.message() == {"type": "progress", "new_id": 7}
            assert await listener.message() == {"type": "last"}
        for listener in others:
            await listener.greeting()
            assert await listener.message() == {"type": "last"}

    async def test_one_to_somebody_who_left_reaches_nobody(self, hub: Hub, ann: User) -> None:
        gone, there = await joined(hub, person=ann), await joined(hub, person=ann)
        hub.leave(gone)
        await send({"type": "progress", "new_id": 7}, to=ann.pk)
        await there.greeting()
        assert (await there.message())["type"] == "progress"
        hub.leave(there)
        await gone.greeting()
        assert gone.messages.empty()
        assert hub.count(ann.pk) == 0

    async def test_of_many_about_one_subject_the_latest_is_passed_on_at_most_four_times_a_second(
        self, hub: Hub
    ) -> None:
        listener = await joined(hub)
        await listener.greeting()
        begun, last = time.monotonic(), 50
        told: list[int] = []
        for likes in range(1, last + 1):
            await send(counts(7, likes), number=likes)
            await send({"type": "heard"})  # so that the hub has heard of each before the next
            while (message := await listener.message())["type"] != "heard":
                told.append(message["likes"])
        while told[-1] != last:
            told.append((await listener.message())["likes"])
        assert told == sorted(set(told))
        assert len(told) <= 1 + 4 * (time.monotonic() - begun)

    async def test_one_that_was_overtaken_is_dropped(self, hub: Hub) -> None:
        listener = await joined(hub)
        await listener.greeting()
        await send(counts(7, 2), number=2)
        assert (await listener.message())["likes"] == 2
        await send(counts(7, 1), number=1)
        await send(counts(8, 1), number=1)
        assert (await listener.message())["new_id"] == 8

    async def test_after_a_restore_the_latest_may_have_a_lower_number(self, hub: Hub) -> None:
        listener = await joined(hub)
        await listener.greeting()
        await send(counts(7, 9), number=9)
        assert (await listener.message())["likes"] == 9
        await models.Head.objects.all().aupdate(epoch="11111111")
        assert (await listener.message())["type"] == "reset"
        await send(counts(7, 2), number=2)
        assert (await listener.message())["likes"] == 2

    async def test_each_subject_has_its_own_latest(self, hub: Hub) -> None:
        listener = await joined(hub)
        await listener.greeting()
        for subject in (7, 8, 9):
            await send(counts(subject, 1), number=1)
        assert [(await listener.message())["new_id"] for _ in range(3)] == [7, 8, 9]


async def test_a_socket_may_be_idle_for_hours_as_long_as_it_answers(hub: Hub) -> None:
    loop = asyncio.get_running_loop()
    ahead, real = 0.0, loop.time
    loop.time = lambda: real() + ahead  # type: ignore[method-assign]
    try:
        answering, silent = await joined(hub), await joined(hub)
        for listener in (answering, silent):
            await listener.greeting()
        for _ in range(3 * 3600 // 25):
            ahead += 25
            message = await answering.message()
            assert (message["type"], message["nonce"]) == ("heartbeat", answering.nonce)
            answering.nonce = None
        assert await silent.closing == 4008
        assert not answering.closing.done()
        assert hub.population == 1
        # Of the one that is gone nothing is kept.
        assert (len(hub._heartbeats), len(hub._pongs)) == (1, 1)
    finally:
        loop.time = real  # type: ignore[method-assign]


class TestSessions:
    """The bells are tried on the running site; here what comes to light without one."""

    @pytest.mark.parametrize("end", ["expires", "vanishes", "password", "inactive", "person"])
    async def test_the_end_of_one_closes_its_sockets(self, hub: Hub, ann: User, bob: User, end: str) -> None:
        ended, other = await joined(hub, person=ann), await joined(hub, person=bob)
        session = Session.objects.filter(session_key=ended.session)
        match end:
            case "expires":
                await session.aupdate(expire_date=timezone.now())
            case "vanishes":
                await database_sync_to_async(session._raw_delete)("default")
            case "password":
                await User.objects.filter(pk=ann.pk).aupdate(password="another")
            case "inactive":
                await User.objects.filter(pk=ann.pk).aupdate(is_active=False)
            case "person":
                await database_sync_to_async(User.objects.filter(pk=ann.pk)._raw_delete)("default")
        assert await asyncio.wait_for(ended.closing, 20) == 4501
        await tell(7)
        await other.greeting()
        assert await other.notices(1) == [("published", 7)]
        await ended.greeting()
        assert ended.messages.empty()
        assert not other.closing.done()

    async def test_one_that_was_extended_goes_on(self, hub: Hub, ann: User, bob: User) -> None:
        kept, ended = await joined(hub, person=ann), await joined(hub, person=bob)
        await Session.objects.filter(session_key=kept.session).aupdate(expire_date=timezone.now() + timedelta(days=99))
        await Session.objects.filter(session_key=ended.session).aupdate(expire_date=timezone.now())
        await asyncio.wait_for(ended.closing, 20)
        assert not kept.closing.done()

    async def test_of_many_sockets_each_has_its_turn(self, hub: Hub, ann: User) -> None:
        many = [await joined(hub, person=ann) for _ in range(3)]
        turns = [socket for _ in range(6) for socket in hub._people.take_turns(1)]
        assert turns == many + many
        hub._people.hurry([many[2]])
        assert hub._people.take_turns(2) == [many[2], many[0]]


class TestReading:
    def test_what_no_page_of_ours_has_set_stands_for_nobody(self, ann: User) -> None:
        empty, half = SessionStore(), SessionStore()
        half[SESSION_KEY] = str(ann.pk)
        for session in (empty, half):
            session.save()
        keys = ["", "\0", "x" * 9999, "é", str(empty.session_key), str(half.session_key)]
        assert logins.read(keys) == {}

    def test_it_takes_two_queries_for_any_number(
        self, ann: User, bob: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        known = dict([async_to_sync(log_in)(person) for person in (ann, bob, ann)])
        with django_assert_num_queries(2):
            assert logins.read(known) == known
