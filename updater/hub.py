"""One subscriber to the channel layer per process and event loop, and the fan-out to its sockets.

A notice goes to every socket exactly once and in order, whatever the channel layer loses, repeats or reorders:

- A bell that is next in order is delivered as it came. An older one is dropped. One that leaves a hole, and each
  tick, has the log read instead.
- One lock orders deliveries and joins: a socket joins before a delivery or after it, never within.

Signals are passed on as they come, outside of that order: to all, or to one person's sockets. Those that are numbered
are thinned out: of each subject the latest, four times a second at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import random
import secrets
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

import redis.exceptions
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import DatabaseError

from . import log, logins, meters
from .announce import GROUP
from .cursor import Cursor
from .lane import Lane, fan_out, frame_of
from .logins import mark
from .people import People, Socket

TICK = (2.0, 3.0)  # seconds, jittered so that processes do not ask the database in step
HEARTBEAT = 25.0  # seconds
PONG_PATIENCE = 20.0  # seconds
PATIENCE = 1.0  # seconds, where ASGI's send waits for a client
SLICE = 100  # sockets that are sent to before others get their turn, a millisecond or so; a page takes a dozen turns
REPLAY_SLICE = 20  # notices to one socket before the network gets its turn, and does not take it for one that is slow
CLOSED_A_SECOND = 100  # sockets, where all are closed; a process takes some 1,000 a second in
SHORTEST_CLOSING, LONGEST_CLOSING = 2.0, 20.0  # seconds for all of them
SHORTEST_PAUSE = 0.02  # seconds between some and the next, for asyncio's clock ticks in milliseconds
NUMBERED_PAUSE = 0.25  # seconds from one round of numbered signals to the next
TURN = 0.5  # seconds from one look at who is logged in to the next
MOST_TURNS = 500  # sockets that are looked at then; of more each waits longer, where nothing says that it should not
MOST_REPLAYS = 4  # places from which what was missed since is remembered; a MiB each, where it is much
MOST_NUMBERS = 1000  # subjects whose latest number is remembered

TOO_SLOW = 4008  # close codes 4000 to 4499 ask the client to come back
SESSION_ENDED = 4501  # come back once, with the cookie that is there now

RESET = json.dumps({"type": "reset"})

logger = logging.getLogger(__name__)

read_head = database_sync_to_async(log.head)
read_log = database_sync_to_async(log.read)
read_latest = database_sync_to_async(log.latest)
read_logins = database_sync_to_async(logins.read)


class Recent:
    """The end of the log in memory, as long as what a reader may be replayed: a join needs no database."""

    def __init__(self, latest: Iterable[log.Notice]) -> None:
        self.floor = 0  # everything after this number is here
        self._notices: OrderedDict[int, log.Notice] = OrderedDict()  # by subject, the oldest first
        self._replays: dict[Cursor, list[str]] = {}  # in a storm nearly all come back from the same place
        for notice in latest:
            self.add(notice)

    def add(self, notice: log.Notice) -> None:
        self._replays.clear()
        self._notices.pop(notice.subject, None)
        self._notices[notice.subject] = notice
        if len(self._notices) > log.MOST_REPLAYED:
            self.floor = self._notices.popitem(last=False)[1].number

    def replay(self, since: Cursor) -> list[str] | None:
        """What a reader is told that comes back from there, in order; None where that is too much."""
        if since.number < self.floor:
            return None
        if since not in self._replays:
            if len(self._replays) == MOST_REPLAYS:
                self._replays.clear()
            self._replays[since] = [text for _, text in log.frames(self._after(since.number), since)]
        return self._replays[since]

    def _after(self, number: int) -> list[log.Notice]:
        found = []
        for notice in reversed(self._notices.values()):
            if notice.number <= number:
                break
            found.append(notice)
        return found[::-1]


class Numbered:
    """The signals of which only the latest counts, until the next round takes them."""

    def __init__(self) -> None:
        self.there = asyncio.Event()
        self._texts: dict[int, str] = {}  # by subject
        self._numbers: OrderedDict[int, int] = OrderedDict()  # by subject, the longest untouched first

    def add(self, subject: int, number: int, text: str) -> None:
        if number < self._numbers.get(subject, number):
            return
        self._numbers[subject] = number
        self._numbers.move_to_end(subject)
        if len(self._numbers) > MOST_NUMBERS:
            self._numbers.popitem(last=False)
        self._texts[subject] = text
        self.there.set()

    def take(self) -> list[str]:
        texts, self._texts = list(self._texts.values()), {}
        self.there.clear()
        return texts

    def forget(self) -> None:
        """Begin anew: what comes may have lower numbers."""
        self._texts.clear()
        self._numbers.clear()


class Hub:
    def __init__(self) -> None:
        self._channel = f"hub.{uuid.uuid4().hex}"
        self._level: set[Socket] = set()  # all of these have been sent everything up to _at
        self._lanes: dict[Socket, Lane] = {}  # of those of them that have one
        self._people = People()  # those of them that somebody is logged in at
        self._hurry = asyncio.Event()  # some of those are to be looked at now
        self._numbered = Numbered()
        self._closing: set[asyncio.Future[None]] = set()  # sockets that could not be written to
        self._at: Cursor
        self._recent: Recent
        self._lock = asyncio.Lock()
        self._starting: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        # In the order in which they are due, for all wait equally long.
        self._heartbeats: deque[tuple[float, Socket]] = deque()
        self._pongs: deque[tuple[float, Socket, str]] = deque()

    # --- its life ---------------------------------------------------------------------------------

    async def ready(self) -> None:
        """Return when this hub can serve; the first call starts it.

        Raises:
            DatabaseError: the log cannot be read. The next call tries again.
        """
        if self._tasks:
            return
        if self._starting is None or (self._starting.done() and self._starting.exception()):
            self._starting = asyncio.create_task(self._start())
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        # Subscribe, then read: what is committed in between rings, what came before is read.
        listening = asyncio.create_task(self._forever(self._listen))
        await asyncio.sleep(0)  # its first step makes the channel known to the layer, as group_add wants it
        await self._subscribe()
        try:
            await self._begin(await read_head())
        except BaseException:
            listening.cancel()
            raise
        steps = (self._tick, self._beat, self._pass_numbered_on, self._see_who_is_left)
        self._tasks = [listening, *(asyncio.create_task(self._forever(step)) for step in steps)]

    async def stop(self) -> None:
        """End its tasks. A server's hub lives as long as its process; a test's must not outlive its loop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _forever(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except Exception:  # whatever it is, a hub that stopped would serve nobody any more
                logger.exception("The hub's %s failed and goes on in a second.", step.__name__)
                await asyncio.sleep(1)

    async def _begin(self, head: Cursor) -> None:
        latest = await read_latest(head.epoch)
        # A notice may have been committed since the head was read; all before the last one is there, too.
        self._at = Cursor.at(head.epoch, max([head.number, *(notice.number for notice in latest[-1:])]))
        self._recent = Recent(latest)

    # --- hearing of notices -----------------------------------------------------------------------

    async def _subscribe(self) -> None:
        """Join the group, or join it again, where the channel layer answers within a second."""
        try:
            async with asyncio.timeout(1):
                await get_channel_layer().group_add(GROUP, self._channel)
        except (redis.exceptions.RedisError, OSError, RuntimeError) as error:
            # OSError: TimeoutError, too. RuntimeError: the channel itself is not subscribed yet.
            logger.warning("Not subscribed to the channel layer (%r); the tick serves.", error)

    async def _listen(self) -> None:
        event = await get_channel_layer().receive(self._channel)
        try:
            if event["type"] == "signal":
                await self._pass_on(event)
            elif event["type"] == "look_again":
                self._people.hurry(self._people.of(event["person"]) + self._people.with_session(event["session"]))
                self._hurry.set()
            else:
                await self._hear(log.Notice.from_event(event))
                self._note(event)
        except KeyError as error:
            logger.warning("An event without %s came over the channel layer and was dropped.", error)

    async def _hear(self, notice: log.Notice) -> None:
        async with self._lock:
            if notice.epoch == self._at.epoch and notice.number == self._at.number + 1:
                await self._deliver([notice])
            elif notice.epoch != self._at.epoch or notice.number > self._at.number:
                await self._catch_up()

    def _note(self, event: Mapping[str, Any]) -> None:
        """What a bell has come to, for who looks into it later; a process of an older version says less."""
        request = {"request_id": event["request_id"]} if event.get("request_id") else {}
        logger.info("Notice %s is told to %s sockets.", event["number"], self.population, extra=request)
        if "rung_at" in event:
            meters.lag.observe(max(0.0, time.time() - event["rung_at"]))

    async def _tick(self) -> None:
        await asyncio.sleep(random.uniform(*TICK))
        async with self._lock:
            await self._catch_up()
        await self._subscribe()

    async def _catch_up(self) -> None:
        """Bring every socket to the head of the log. The caller holds the lock."""
        head = await read_head()
        if head == self._at:
            return
        missed = None
        if head.epoch == self._at.epoch and head.number > self._at.number:
            missed = await read_log(head.epoch, self._at.number)
        if missed is None:
            # Another log, an older one, or more than readers are replayed.
            await self._begin(head)
            self._numbered.forget()
            await self._fan_out(RESET)
        else:
            meters.recovered.inc(len(missed))
            await self._deliver(missed)

    # --- passing signals on -----------------------------------------------------------------------

    async def _pass_on(self, event: Mapping[str, Any]) -> None:
        if "number" in event:
            self._numbered.add(event["subject"], event["number"], event["text"])
        elif event["to"] is None:
            await self._fan_out(event["text"])
        else:
            for socket in self._people.of(event["to"]):
                await self._send(socket, event["text"])

    async def _pass_numbered_on(self) -> None:
        await self._numbered.there.wait()
        for text in self._numbered.take():
            await self._fan_out(text)
        await asyncio.sleep(NUMBERED_PAUSE)

    # --- seeing sessions end ----------------------------------------------------------------------

    def person_of(self, session: str | None) -> int | None:
        """Who is logged in by a session, where one of its sockets is here."""
        sockets = self._people.with_session(mark(session)) if session else []
        return sockets[0].person if sockets else None

    def count(self, person: int) -> int:
        return len(self._people.of(person))

    async def _see_who_is_left(self) -> None:
        """Close the sockets at whose session nobody is logged in any more."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), TURN)
        self._hurry.clear()
        sockets = self._people.take_turns(MOST_TURNS)
        try:
            found = await read_logins([socket.session for socket in sockets if socket.session]) if sockets else {}
        except DatabaseError:
            self._people.hurry(sockets)
            raise
        for socket in sockets:
            if socket.session and found.get(socket.session) != socket.person and socket in self._level:
                self.leave(socket)
                await socket.close(SESSION_ENDED)

    # --- telling the sockets ----------------------------------------------------------------------

    async def _deliver(self, notices: list[log.Notice]) -> None:
        """The next notices in order. The caller holds the lock."""
        for notice, (cursor, text) in zip(notices, log.frames(notices, self._at), strict=True):
            self._recent.add(notice)
            await self._fan_out(text)
            self._at = cursor

    async def _fan_out(self, text: str) -> None:
        lanes, frame = list(self._lanes.values()), frame_of(text)
        others = [socket for socket in self._level if not socket.lane] if len(lanes) < self.population else []
        meters.delivered.inc(len(lanes) + len(others))
        for start in range(0, len(lanes), SLICE):
            fan_out(lanes[start : start + SLICE], frame)
            await asyncio.sleep(0)  # what is sent in one turn of the loop piles up, also for those who do read
        for count, socket in enumerate(others, start=1):
            await self._send(socket, text)
            if count % SLICE == 0:
                await asyncio.sleep(0)

    async def _send(self, socket: Socket, *texts: str) -> None:
        if socket.lane:
            socket.lane.push(b"".join(map(frame_of, texts)))
            return
        try:
            async with asyncio.timeout(PATIENCE):
                for text in texts:
                    await socket.send_text(text)
        except (RuntimeError, OSError) as error:
            logger.info("A socket could not be written to (%r) and is closed.", error)
            self.leave(socket)
            closing = asyncio.ensure_future(socket.close(TOO_SLOW))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    # --- sockets coming and going -----------------------------------------------------------------

    async def join(self, socket: Socket, since: str | None) -> None:
        """Greet a socket, replay what it missed, and keep it told from here on.

        Args:
            since: the cursor its client has seen everything up to; None where it has seen nothing.

        Raises:
            DatabaseError: the log could not be read.
        """
        async with self._lock:
            place, missed = await self._place(since)
            if missed:
                (meters.resets if missed == [RESET] else meters.replays).inc()
            texts = [json.dumps({"type": "hello", "cursor": str(place)}), *missed]
            for start in range(0, len(texts), REPLAY_SLICE):
                await self._send(socket, *texts[start : start + REPLAY_SLICE])
                if start:
                    await asyncio.sleep(0)
            if socket.ended:  # it did not take so much
                return
            self._level.add(socket)
            meters.sockets.set(self.population)
            if socket.lane:
                self._lanes[socket] = socket.lane
            self._people.add(socket)
        self._heartbeats.append((asyncio.get_running_loop().time() + HEARTBEAT, socket))

    async def _place(self, since: str | None) -> tuple[Cursor, list[str]]:
        """Where a socket starts and what it is told: at the head, and to start anew, where it cannot be replayed."""
        if since is None:
            return self._at, []
        cursor = Cursor.parse(since)
        if cursor and cursor.epoch == self._at.epoch and cursor.number > self._at.number:
            await self._catch_up()  # the page came from a process that heard of it sooner
        if cursor is None or cursor.epoch != self._at.epoch or cursor.number > self._at.number:
            return self._at, [RESET]
        missed = self._recent.replay(cursor)
        return (self._at, [RESET]) if missed is None else (cursor, missed)

    def leave(self, socket: Socket) -> None:
        self._level.discard(socket)
        meters.sockets.set(self.population)
        self._lanes.pop(socket, None)
        self._people.discard(socket)

    @property
    def population(self) -> int:
        """How many sockets are open here."""
        return len(self._level)

    async def close_all(self, code: int) -> None:
        """Close every socket, also those that still join, spread over some seconds."""
        loop = asyncio.get_running_loop()
        seconds = min(self.population / CLOSED_A_SECOND, LONGEST_CLOSING)
        end = loop.time() + max(seconds, SHORTEST_CLOSING)
        while self._level:
            left = max(end - loop.time(), 0)
            pause = max(left / self.population, SHORTEST_PAUSE)
            now = math.ceil(self.population * min(pause / left, 1)) if left else self.population
            for socket in list(islice(self._level, now)):
                self.leave(socket)
                await socket.close(code)
            await asyncio.sleep(pause)

    async def _beat(self) -> None:
        """Ask every socket from time to time whether somebody reads, and close those where nobody does."""
        await asyncio.sleep(1)
        now = asyncio.get_running_loop().time()
        while self._pongs and self._pongs[0][0] <= now:
            _, socket, nonce = self._pongs.popleft()
            if socket in self._level and socket.nonce == nonce:
                self.leave(socket)
                await socket.close(TOO_SLOW)
        async with self._lock:  # between deliveries: only then has every level socket been sent all up to _at
            while self._heartbeats and self._heartbeats[0][0] <= now:
                _, socket = self._heartbeats.popleft()
                if socket in self._level:
                    await self._ask(socket, now)

    async def _ask(self, socket: Socket, now: float) -> None:
        # Unguessable, so that only who reads can answer.
        socket.nonce = secrets.token_hex(8)
        self._pongs.append((now + PONG_PATIENCE, socket, socket.nonce))
        self._heartbeats.append((now + HEARTBEAT, socket))
        message: dict[str, Any] = {"type": "heartbeat", "cursor": str(self._at), "nonce": socket.nonce}
        await self._send(socket, json.dumps(message))


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
