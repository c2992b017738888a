"""The sockets at which somebody is logged in, by person, by session, and in turns: to be asked if they still are."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import Protocol, TypeVar

from .lane import Lane
from .logins import mark

Key = TypeVar("Key")


class Socket(Protocol):
    """What a hub needs of a consumer."""

    nonce: str | None  # of the heartbeat that is not answered yet
    session: str | None  # the key that its cookie holds
    person: int | None  # who is logged in by that
    lane: Lane | None  # the fast way to it, where there is one
    ended: bool  # whether it is being closed

    async def send_text(self, text: str) -> None: ...

    async def close(self, code: int) -> None: ...


class People:
    def __init__(self) -> None:
        self._turns: OrderedDict[Socket, None] = OrderedDict()  # whoever was asked last is last
        self._by_person: defaultdict[int, set[Socket]] = defaultdict(set)
        self._by_session: defaultdict[str, set[Socket]] = defaultdict(set)  # by its mark

    def add(self, socket: Socket) -> None:
        """Sockets at which nobody is logged in are no business of this."""
        if socket.person and socket.session:
            self._turns[socket] = None
            self._by_person[socket.person].add(socket)
            self._by_session[mark(socket.session)].add(socket)

    def discard(self, socket: Socket) -> None:
        if socket in self._turns and socket.person and socket.session:
            del self._turns[socket]
            _remove(self._by_person, socket.person, socket)
            _remove(self._by_session, mark(socket.session), socket)

    def of(self, person: int) -> list[Socket]:
        return list(self._by_person.get(person, ()))

    def with_session(self, session_mark: str) -> list[Socket]:
        return list(self._by_session.get(session_mark, ()))

    def take_turns(self, count: int) -> list[Socket]:
        """The next to be asked, `count` at most."""
        turns = list(islice(self._turns, count))
        for socket in turns:
            self._turns.move_to_end(socket)
        return turns

    def hurry(self, sockets: Iterable[Socket]) -> None:
        """Let these be the next."""
        for socket in sockets:
            self._turns.move_to_end(socket, last=False)


def _remove(index: dict[Key, set[Socket]], key: Key, socket: Socket) -> None:
    index[key].discard(socket)
    if not index[key]:
        del index[key]
