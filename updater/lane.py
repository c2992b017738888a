"""The way of what is written to one client: straight into its socket while the kernel takes it, else by daphne's
transport, in order and bounded.

ASGI's send costs five times as much: it goes through Autobahn, and Twisted writes nothing before its next turn, for
which it asks epoll twice. And it never waits under daphne, nor tells what piles up behind it.

So a Lane takes the place of the transport that daphne's protocol writes to. It leans on what is not ASGI: that send
is a partial of the protocol (daphne), on the names in LEANED_ON, and that a close frame is written in one piece
(Autobahn). Where a name is missing or the server is another one, everything goes out by ASGI's send.
"""

import contextlib
import functools
import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from twisted.internet.tcp import Server

from .daphne import protocol_of

# Bytes that are read from a client at once, and parsed while everybody else waits: as many as one message may have.
AT_ONCE = 4096
MOST_PENDING = 1024 * 1024  # bytes that wait for one client
PIECE = 64 * 1024  # bytes that the transport is handed at once, or one frame

CLOSE = b"\x88"  # how a close frame begins (RFC 6455, 5.2)

LEANED_ON = {
    WebSocketProtocol: ("transport",),
    Server: ("TLS", "bufferSize", "getHandle", "pauseProducing", "registerProducer", "unregisterProducer", "write"),
}
MISSING = [f"{kind.__name__}.{name}" for kind, names in LEANED_ON.items() for name in names if not hasattr(kind, name)]

logger = logging.getLogger(__name__)


def frame_of(text: str) -> bytes:
    """A text message as a server sends it (RFC 6455, 5.2): in one frame, and not masked."""
    data = text.encode()
    size = len(data)
    if size < 126:
        return bytes((0x81, size)) + data
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + data
    return b"\x81\x7f" + size.to_bytes(8, "big") + data


class Lane:
    """Stands for the transport of one client; what it does not do itself the transport does.

    What the kernel does not take waits here, and the transport asks for some of it whenever it has nothing left: to
    Twisted this is a pull producer.
    """

    __slots__ = ("_given", "_over", "_pending", "_too_slow", "_transport", "_waiting", "busy", "direct", "send")

    def __init__(self, transport: Any, send: Callable[[bytes], int] | None, too_slow: Callable[[], None]) -> None:
        """Arguments:
        send: the socket's; None where only the transport may write to it.
        """
        self.send = send or transport.write  # the latter is never called so
        self.direct = send is not None
        # Something waits, were it an answer from before the handshake, or nothing may be sent past the transport.
        self.busy = not self.direct or has_more(transport)
        self._transport = transport
        self._too_slow: Callable[[], None] | None = too_slow
        self._waiting: deque[bytes] | None = None
        self._pending = 0  # bytes that are written, and not yet the kernel's
        self._given = 0  # bytes of those that the transport has
        self._over = False  # after a close frame nothing may follow

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """What Autobahn writes."""
        self.push(data)
        if data.startswith(CLOSE):
            self._over = self.busy = True

    def push(self, data: bytes) -> None:
        if self._over:
            return
        sent = 0
        if not self.busy:
            with contextlib.suppress(OSError):  # it is full; or broken, which the transport will see
                sent = self.send(data)
        if sent < len(data):
            self._keep(data[sent:])

    def _keep(self, data: bytes) -> None:
        self._pending += len(data)
        if self._waiting is None:
            self.busy = True
            self._waiting = deque([data])
            self._transport.registerProducer(self, False)
        else:
            self._waiting.append(data)
        # Called once; and whatever is written from here on, the close frame among it, comes here again.
        if self._too_slow and self._pending > MOST_PENDING:
            too_slow, self._too_slow = self._too_slow, None
            too_slow()

    def resumeProducing(self) -> None:  # noqa: N802 — Twisted's name
        """The transport has nothing left."""
        self._pending -= self._given
        self._given = 0
        piece = []
        while self._waiting and self._given < PIECE:
            piece.append(self._waiting.popleft())
            self._given += len(piece[-1])
        if piece:
            self._transport.write(b"".join(piece))
        else:
            self._waiting = None
            self._transport.unregisterProducer()
            self.busy = self._over or not self.direct

    def unregisterProducer(self) -> None:  # noqa: N802 — Twisted's name
        """Autobahn asks for it when it closes; what waits is to come out first, and then this one goes by itself."""

    def stopProducing(self) -> None:  # noqa: N802 — Twisted's name
        """The connection is lost, and nothing is kept for it."""
        self._over = self.busy = True
        self._too_slow = None
        self._waiting = deque()


def has_more(transport: Any) -> bool:
    """Whether it holds what the kernel has not taken yet; also where that cannot be told."""
    return bool(getattr(transport, "dataBuffer", True) or getattr(transport, "_tempDataLen", True))


def fan_out(lanes: Iterable[Lane], frame: bytes) -> None:
    """Push one frame to many."""
    size = len(frame)
    for lane in lanes:
        if lane.busy:
            lane.push(frame)
            continue
        try:
            sent = lane.send(frame)
        except OSError:
            lane.push(frame)
            continue
        if sent < size:
            lane._keep(frame[sent:])


@functools.cache
def say(problem: str) -> None:
    """Once."""
    logger.warning(problem)


def lane_of(send: Any, too_slow: Callable[[], None]) -> Lane | None:
    """Lay the lane of a socket. None where the server is not daphne as it is known here, and a socket that is lost.

    Where it is not `direct`, messages are to go by ASGI's send; that is bounded by it, too.

    Args:
        send: ASGI's, as the server gave it for this socket.
        too_slow: called, once at most, when more than MOST_PENDING bytes wait for the client; from within the write
            that was too much, and it must not write itself.
    """
    protocol = None if MISSING else protocol_of(send)
    if protocol is None:
        say(f"This is not daphne as it is known here {MISSING}: clients are told by ASGI's send, slow ones unbounded.")
        return None
    transport = protocol.transport
    if transport.disconnected:
        return None
    direct = settings.FAST_LANE and isinstance(transport, Server) and not transport.TLS
    if not direct:
        say("Clients are told by ASGI's send, as FAST_LANE is off or daphne does not hold their sockets itself.")
    protocol.failByDrop = False  # what a client gets wrong is ended with the protocol's own codes
    transport.bufferSize = AT_ONCE
    transport.unregisterProducer()  # the HTTP channel's, through which the handshake came
    lane = Lane(transport, transport.getHandle().send if direct else None, too_slow)
    protocol.transport = lane
    return lane
