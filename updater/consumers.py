"""The live socket: it greets, replays, forwards what the hub says, and hears nothing but answers to heartbeats."""

import asyncio
import json
import logging
from collections.abc import Awaitable
from typing import Any
from urllib.parse import parse_qs

from channels.consumer import AsyncConsumer
from django.conf import settings
from django.db import DatabaseError
from django.http import parse_cookie

from . import meters
from .daphne import deafen, forget_handshake, give_time, let_go
from .door import TOO_MANY, closing
from .drain import DRAINING
from .hub import TOO_SLOW, hub, read_logins
from .lane import Lane, lane_of

LONGEST_MESSAGE = 4096  # bytes; a pong has 30
MOST_IDLE_WORDS = 10  # pongs that nobody asked for, in a socket's life

NOT_READY = 4013  # come back
BAD_MESSAGE = 4502  # stay away

logger = logging.getLogger(__name__)


class UpdateConsumer(AsyncConsumer):
    """One socket. The hub is subscribed to the channel layer for all of them."""

    nonce: str | None = None
    session: str | None = None
    person: int | None = None
    line: Lane | None = None
    lane: Lane | None = None  # the same where it is the fast way
    idle_words = 0
    ended = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # Channels' own loop costs each message two tasks, and a thread, to close what no handler here opens.
        self.scope, self.base_send = scope, send
        await receive()
        try:
            await self.connect()
            while (message := await receive())["type"] != "websocket.disconnect":
                await self.hear(message.get("text"))
        finally:
            hub().leave(self)
        if self.line:
            self.line.stopProducing()
        let_go(self.base_send)

    async def connect(self) -> None:
        self.line = lane_of(self.base_send, self.too_slow)
        if self.line and self.line.direct:
            self.lane = self.line
        self.session = self.cookie(settings.SESSION_COOKIE_NAME)
        # Ready first: whoever is connected is told all that is announced from then on.
        problem = self.crowd() or await self.trouble(hub().ready()) or await self.trouble(self.recognise())
        problem = problem or self.crowd()
        await self.base_send({"type": "websocket.accept"})
        problem = problem or await self.trouble(hub().join(self, self.since()))
        forget_handshake(self.base_send)
        if closing.is_set():  # while this one was on its way in
            problem = DRAINING
        if problem:
            await self.end(problem)

    def crowd(self) -> int | None:
        """A close code where this person has as many sockets here as one may.

        Who it is need not be looked up where another socket of the same session is open.
        """
        person = self.person or hub().person_of(self.session)
        too_many = person and 0 < settings.SOCKETS_PER_ADDRESS <= hub().count(person)
        return TOO_MANY if too_many else None

    async def trouble(self, step: Awaitable[None]) -> int | None:
        """A close code where it failed by the database."""
        try:
            await step
        except DatabaseError:
            logger.exception("The database could not be read; a socket is asked to come back.")
            return NOT_READY
        return None

    async def recognise(self) -> None:
        """See who is logged in; without a session's cookie the database is not asked."""
        if self.session:
            self.person = (await read_logins([self.session])).get(self.session)

    def cookie(self, name: str) -> str | None:
        header = next((value for key, value in self.scope["headers"] if key == b"cookie"), b"")
        return parse_cookie(header.decode("latin-1")).get(name)

    def since(self) -> str | None:
        query = parse_qs(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return query["since"][0] if "since" in query else None

    async def send_text(self, text: str) -> None:
        await self.base_send({"type": "websocket.send", "text": text})

    async def hear(self, text: str | None) -> None:
        if self.ended:
            deafen(self.base_send)  # whoever goes on after the close is not read any more
            return
        nonce = pong(text)
        if nonce is not None and nonce == self.nonce:
            self.nonce = None
            return
        self.idle_words += 1
        if nonce is None or self.idle_words > MOST_IDLE_WORDS:
            await self.end(BAD_MESSAGE)

    def too_slow(self) -> None:
        self.ended = True
        hub().leave(self)
        give_time(self.base_send)
        self.closing = asyncio.ensure_future(self.end(TOO_SLOW))

    async def end(self, code: int) -> None:
        self.ended = True
        hub().leave(self)
        await self.close(code)

    async def close(self, code: int) -> None:
        meters.closed.labels(code).inc()
        await self.base_send({"type": "websocket.close", "code": code})


def pong(text: str | None) -> str | None:
    """The nonce of a client's `{"pong": nonce}`; None where it says anything else."""
    if text is None or len(text.encode("utf-8", "surrogatepass")) > LONGEST_MESSAGE:
        return None
    try:
        message: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or list(message) != ["pong"] or not isinstance(message["pong"], str):
        return None
    return message["pong"]
