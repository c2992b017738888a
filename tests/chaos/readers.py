"""Readers who follow the site as static/js/live.js does, and keep books of every word."""

import asyncio
import contextlib
import http.client
import json
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from websockets import Origin
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from ..site import Visitor
from .complaints import Complaints
from .plan import Cut

# As in live.js, in seconds.
BACK_OFF_FIRST, BACK_OFF_LONGEST = 0.5, 30.0
SILENCE = 60.0
SOCKETS_TRIED = 3
POLL = 15.0
TOO_MANY, TOO_MANY_WAIT = 4029, 30.0

NOT_CONTENT = {"type", "cursor", "kind", "new_id"}


@dataclass(frozen=True)
class Place:
    """A cursor, which readers do not look into; their books do."""

    epoch: str
    number: int

    @classmethod
    def of(cls, cursor: str) -> "Place":
        epoch, number = cursor.split("-")[:2]
        return cls(epoch, int(number))


@dataclass(frozen=True)
class Entry:
    number: int
    kind: str
    subject: int
    content: str  # as digest() has it; empty for what is removed


def digest(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True) if content else ""


@dataclass
class Book:
    """What one reader was told, from a page or a reset on."""

    start: Place
    entries: list[Entry] = field(default_factory=list)


class Reader:
    """Somebody with the page open.

    Args:
        urls: of the site's processes; each connection goes to any of them, as a balancer would have it.
    """

    def __init__(self, name: str, urls: Sequence[str], rng: random.Random, complaints: Complaints) -> None:
        self.name = name
        self.books: list[Book] = []
        self.heard: Counter[str] = Counter()  # messages by type, and what happened to the connection
        self.complaints = complaints
        self.published: dict[int, set[str]] = {}  # by post, the moments that its cards gave
        self._urls = urls
        self._rng = rng
        self._cursor = ""
        self._at = 0  # the number of the last thing heard, within its book
        self._failures = 0
        self._socket: ClientConnection | None = None
        self._hurried = asyncio.Event()

    @property
    def place(self) -> Place:
        return Place(self.books[-1].start.epoch, self._at)

    async def open_page(self) -> None:
        page = await self._get("/")
        found = re.search(r'<body data-cursor="([^"]+)"', page)
        assert found, page[:500]
        self._cursor = found[1]
        self._begin(self._cursor)

    def _begin(self, cursor: str) -> None:
        place = Place.of(cursor)
        self.books.append(Book(place))
        self._at = place.number

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            least = await self._follow_socket()
            self._failures += 1
            polls = self._failures >= SOCKETS_TRIED
            await self._pause(await self._ask() if polls else max(least, self._back_off()))

    async def _follow_socket(self) -> float:
        """Returns when the connection is lost, with the seconds to wait at least."""
        url = self._rng.choice(self._urls)
        address = f"{url.replace('http', 'ws')}/ws/update_notice/?since={quote(self._cursor)}"
        sent = self._cursor
        try:
            # A browser sends no pings.
            async with connect(address, origin=Origin(url), proxy=None, ping_interval=None) as self._socket:
                self.heard["connected"] += 1
                while True:
                    async with asyncio.timeout(SILENCE):
                        message = json.loads(await self._socket.recv())
                    if message["type"] == "hello" and message["cursor"] != sent:
                        self.heard["started elsewhere"] += 1
                    await self._receive(message, self._socket)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
            self.heard[f"closed {code}"] += 1
            if code >= 4500:
                self.complaints.add("refused", f"{self.name} was told to stay away ({code})")
            if code == TOO_MANY:
                return TOO_MANY_WAIT
        except (OSError, WebSocketException) as error:  # OSError: TimeoutError, too
            self.heard[f"not connected: {type(error).__name__}"] += 1
        finally:
            self._socket = None
        return 0.0

    async def _receive(self, message: dict[str, Any], socket: ClientConnection) -> None:
        self.heard[message["type"]] += 1
        match message["type"]:
            case "hello":
                self._failures = 0
                self._move(message["cursor"])
            case "update_notice":
                self._note(message)
            case "heartbeat":
                self._move(message["cursor"])
                await socket.send(json.dumps({"pong": message["nonce"]}))
            case "reset":
                self._reset()

    def _reset(self) -> None:
        """No reader of a campaign is away for long enough, and no log is another one: each is one too many."""
        self.complaints.add("lost", f"{self.name} was reset at {self._cursor}")
        self._begin(self._cursor)

    async def _ask(self) -> float:
        """Poll once; the seconds until a socket is tried again."""
        try:
            answer = json.loads(await self._get(f"/updates/?since={quote(self._cursor)}"))
        except (OSError, http.client.HTTPException, ValueError):
            self.heard["polled in vain"] += 1
            return self._back_off()
        self.heard["polled"] += 1
        if answer["reset"]:
            self._cursor = answer["cursor"]
            self._reset()
        for notice in answer["notices"]:
            self.heard["update_notice"] += 1
            self._note(notice)
        self._move(answer["cursor"])
        return POLL * self._rng.uniform(0.8, 1.2)

    async def _get(self, path: str) -> str:
        answer = await asyncio.to_thread(Visitor(self._rng.choice(self._urls)).get, path)
        if answer.status != 200:
            raise OSError(f"{path} was answered {answer.status}")
        return answer.text

    def _back_off(self) -> float:
        return self._rng.random() * min(BACK_OFF_LONGEST, BACK_OFF_FIRST * 2.0**self._failures)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurried.wait(), seconds)
        self._hurried.clear()

    # --- what the plan and the end of the campaign do to them ---------------------------------------

    def cut(self) -> None:
        """The line breaks, without a word."""
        if self._socket:
            self.heard["cut off"] += 1
            self._socket.transport.abort()

    def hurry(self) -> None:
        """Somebody looks at the page again: what waits, waits no longer."""
        if self._socket is None:
            self._hurried.set()

    # --- the books --------------------------------------------------------------------------------

    def _move(self, cursor: str) -> None:
        """Take a cursor that came without a notice: it may not lead back behind what was told."""
        self._cursor, place = cursor, Place.of(cursor)
        if place.epoch == self.books[-1].start.epoch and place.number < self._at:
            self.complaints.add("out of order", f"{self.name} was at {self._at} and was sent back to {place.number}")
        self._at = max(self._at, place.number)

    def _note(self, message: dict[str, Any]) -> None:
        self._cursor, place = message["cursor"], Place.of(message["cursor"])
        content = {name: value for name, value in message.items() if name not in NOT_CONTENT}
        entry = Entry(place.number, message["kind"], message["new_id"], digest(content))
        if place.number <= self._at:
            told = f"{entry.number}, {entry.kind} {entry.subject}"
            self.complaints.add("out of order", f"{self.name} was at {self._at} and was then told {told}")
        self._at = max(self._at, place.number)
        self.books[-1].entries.append(entry)
        card = re.search(r'data-published="([^"]*)"', message.get("html", ""))
        if card:
            self.published.setdefault(entry.subject, set()).add(card[1])


async def cut_off(readers: Sequence[Reader], cuts: Sequence[Cut], begin: float) -> None:
    """Cut readers off, each at its second from `begin` (monotonic)."""
    for cut in cuts:
        await asyncio.sleep(begin + cut.second - time.monotonic())
        readers[cut.reader].cut()
