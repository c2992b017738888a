"""The live socket: it greets, replays, forwards what the hub says, and hears nothing but answers to heartbeats."""

import json
import logging
from collections.abc import Awaitable
from typing import Any
from urllib.parse import parse_qs

from channels.auth import get_user
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError

from .hub import hub

LONGEST_MESSAGE = 4096  # bytes; a pong has 30

NOT_READY = 4013  # come back
BAD_MESSAGE = 4502  # stay away

logger = logging.getLogger(__name__)


class UpdateConsumer(AsyncWebsocketConsumer):
    # No such layer: the hub is subscribed for all sockets, a socket of its own is not.
    channel_layer_alias = "the hub's"

    nonce: str | None = None
    person: int | None = None

    async def connect(self) -> None:
        # Ready first: whoever is connected is told all that is announced from then on.
        problem = await self.tried(hub().ready()) or await self.tried(self.recognise())
        await self.accept()
        problem = problem or await self.tried(hub().join(self, self.since()))
        if problem:
            await self.close(NOT_READY)

    async def tried(self, step: Awaitable[None]) -> bool:
        """Whether it failed by the database."""
        try:
            await step
        except DatabaseError:
            logger.exception("The log could not be read; a socket is asked to come back.")
            return True
        return False

    async def recognise(self) -> None:
        """See who is logged in; without a session's cookie the database is not asked."""
        if settings.SESSION_COOKIE_NAME in self.scope["cookies"]:
            self.person = (await get_user(self.scope)).pk

    def since(self) -> str | None:
        query = parse_qs(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return query["since"][0] if "since" in query else None

    async def send_text(self, text: str) -> None:
        await self.base_send({"type": "websocket.send", "text": text})

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        nonce = pong(text_data)
        if nonce is None:
            hub().leave(self)
            await self.close(BAD_MESSAGE)
        elif nonce == self.nonce:
            self.nonce = None

    async def disconnect(self, code: int) -> None:
        hub().leave(self)


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
