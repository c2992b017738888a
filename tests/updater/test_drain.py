"""A web process that is told to stop: its readers are elsewhere before it is gone, and none of them misses anything."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from websockets import ClientConnection, Origin
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from updater.door import closing
from updater.drain import Drain

from ..site import AnotherWeb, Site, Web

READERS = 300  # in three seconds


async def open_socket(web: Web, since: str = "") -> ClientConnection:
    query = f"?since={since}" if since else ""
    return await connect(f"ws://127.0.0.1:{web.port}/ws/update_notice/{query}", origin=Origin(web.url), proxy=None)


async def read(socket: ClientConnection, told: list[dict[str, Any]], enough: Callable[[], bool]) -> int | None:
    """Keep what a socket is told until that is enough, or until it is closed: then its code."""
    try:
        while not enough():
            told.append(json.loads(await socket.recv()))
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd else 0
    return None


async def test_its_readers_are_sent_elsewhere_one_by_one_and_miss_nothing(site: Site) -> None:
    author = await asyncio.to_thread(site.author)
    with site.another_web() as leaving:
        sockets = [await open_socket(leaving) for _ in range(READERS)]
        told: list[list[dict[str, Any]]] = [[] for _ in sockets]
        reading = [
            asyncio.create_task(read(socket, messages, lambda: False))
            for socket, messages in zip(sockets, told, strict=True)
        ]
        before = await asyncio.to_thread(author.write, "Before")
        leaving.process.send_signal(signal.SIGTERM)

        _, others = await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
        assert others, "all at once"
        # Meanwhile it takes nobody new and says so, and still serves pages.
        ready = await asyncio.to_thread(leaving.visitor().get, "/readyz")
        assert (ready.status, ready.json["draining"]) == (503, True)
        assert (await asyncio.to_thread(leaving.visitor().get, "/")).status == 200
        newcomer = await open_socket(leaving)
        greeting: list[dict[str, Any]] = []
        assert (await read(newcomer, greeting, lambda: False), greeting) == (4012, [])
        meanwhile = await asyncio.to_thread(author.write, "Meanwhile")

        assert await asyncio.gather(*reading) == [4012] * READERS
        await asyncio.to_thread(leaving.process.wait)
        assert leaving.process.returncode in (0, -signal.SIGTERM)
        after = await asyncio.to_thread(author.write, "After")

        for messages in told:
            since = next(message["cursor"] for message in reversed(messages) if "cursor" in message)
            back = await open_socket(site, since)
            assert await read(back, messages, partial(is_told, messages, after)) is None
            await back.close()
            own = [subject for subject in subjects(messages) if subject in (before, meanwhile, after)]
            assert sorted(own) == [before, meanwhile, after]


def is_told(messages: list[dict[str, Any]], subject: int) -> bool:
    return subject in subjects(messages)


def subjects(messages: list[dict[str, Any]]) -> list[int]:
    return [message["new_id"] for message in messages if message["type"] == "update_notice"]


async def test_without_sockets_it_goes_at_once(site: Site) -> None:
    with site.another_web() as leaving:
        leaving.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(leaving.process.wait)


def test_asked_twice_it_waits_for_nobody(site: Site) -> None:
    with site.another_web() as leaving, ExitStack() as opened:
        readers = [opened.enter_context(leaving.reader()) for _ in range(8)]
        for reader in readers:
            assert reader.next()["type"] == "hello"
        leaving.process.send_signal(signal.SIGTERM)
        until_draining(leaving)
        leaving.process.send_signal(signal.SIGTERM)
        assert None in [reader.closed() for reader in readers]
        leaving.process.wait()


def until_draining(web: AnotherWeb) -> None:
    while web.is_ready():
        pass


@pytest.mark.django_db(transaction=True)
async def test_a_request_that_is_being_answered_ends_first() -> None:
    order: list[str] = []
    arrived, may_end = asyncio.Event(), asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        arrived.set()
        await may_end.wait()
        order.append("answered")

    door = Drain(slow)
    request = asyncio.create_task(awaited(door({"type": "http"}, None, None)))
    await arrived.wait()
    try:
        end = asyncio.create_task(door.drain(lambda: order.append("gone")))
        await asyncio.sleep(0)  # its first step
        assert closing.is_set()
        may_end.set()
        await asyncio.gather(request, end)
    finally:
        closing.clear()
    assert order == ["answered", "gone"]


async def awaited(step: Awaitable[None]) -> None:
    await step
