"""What is asked of daphne beyond ASGI: to tell of a client that does not read, and to end what a client gets wrong
with the protocol's own codes.

ASGI's send never waits under daphne and tells nothing of what piles up behind it. Twisted's transports tell their
producer at each write while much is pending, but not how much: that is read from their own fields (`_tempDataLen`,
`dataBuffer`, `offset`). That daphne's send leads to its protocol is its own matter, too. A test holds all of it.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any

from daphne.ws_protocol import WebSocketProtocol

# Bytes that are read from a client at once, and parsed while everybody else waits: as many as one message may have.
# It is also from how many on, pending, Twisted tells the producer of each write.
AT_ONCE = 4096
MOST_PENDING = 1024 * 1024  # bytes that wait for one client
# Seconds from a close to the end of the connection. As long as that a client that reads again finds what was
# pending, and behind it the close code; with Autobahn's one second it finds a broken connection.
LAST_WORDS = 10

logger = logging.getLogger(__name__)


class Pressure:
    """A producer, in Twisted's words, that is never paused: when too much is pending, that is the end of it."""

    def __init__(self, transport: Any, too_slow: Callable[[], None]) -> None:
        self._transport = transport
        self._too_slow: Callable[[], None] | None = too_slow

    def pauseProducing(self) -> None:  # noqa: N802 — Twisted's name
        # Whatever is written from here on, the close frame among it, asks for a pause again.
        if self._too_slow and pending(self._transport) > MOST_PENDING:
            too_slow, self._too_slow = self._too_slow, None
            too_slow()

    def resumeProducing(self) -> None:  # noqa: N802
        pass

    def stopProducing(self) -> None:  # noqa: N802
        self._too_slow = None


def pending(transport: Any) -> int:
    """Bytes that are written and not yet the kernel's."""
    return int(transport._tempDataLen + len(transport.dataBuffer) - transport.offset)


def protocol_of(send: Any) -> WebSocketProtocol | None:
    """Daphne's own side of a socket, from the send that it gave to the application."""
    protocol = send.args[0] if isinstance(send, functools.partial) and send.args else None
    return protocol if isinstance(protocol, WebSocketProtocol) else None


def watch(send: Any, too_slow: Callable[[], None]) -> None:
    """Have `too_slow` called, once at most, when more than MOST_PENDING bytes wait for a client.

    It is called from within the write that was too much, and must not write itself.

    Args:
        send: ASGI's, as the server gave it for this socket.
    """
    protocol = protocol_of(send)
    if protocol is None:
        logger.warning("This is not daphne as it is known here; what waits for a slow client is not bounded.")
        return
    protocol.failByDrop = False
    protocol.transport.bufferSize = AT_ONCE
    # The one that is there is the HTTP channel's, through which the handshake came.
    protocol.unregisterProducer()
    protocol.registerProducer(Pressure(protocol.transport, too_slow), True)


def give_time(send: Any) -> None:
    """Let a client that is about to be closed have LAST_WORDS to read what is pending."""
    protocol = protocol_of(send)
    if protocol is not None:
        protocol.closeHandshakeTimeout = LAST_WORDS


def deafen(send: Any) -> None:
    """Read no more from a client; the connection ends when its time to close is over."""
    protocol = protocol_of(send)
    if protocol is not None:
        protocol.transport.pauseProducing()
