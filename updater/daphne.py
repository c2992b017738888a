"""What is asked of daphne beyond ASGI: to tell of a client that does not read, and to end what a client gets wrong
with the protocol's own codes.

ASGI's send never waits under daphne and tells nothing of what piles up behind it. All that is used here is public in
Twisted (ITransport's producers, a transport's `bufferSize`) and in Autobahn (its protocol options); that daphne's
send leads to its protocol is not, and a test holds it.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any

from daphne.ws_protocol import WebSocketProtocol

MOST_PENDING = 1024 * 1024  # bytes that wait for one client
# Seconds from a close to the end of the connection. As long as that a client that reads again finds what was
# pending, and behind it the close code; with Autobahn's one second it finds a broken connection.
LAST_WORDS = 5

logger = logging.getLogger(__name__)


class Pressure:
    """A producer, in Twisted's words, that is never paused: the first time that it should be is the end of it."""

    def __init__(self, too_slow: Callable[[], None]) -> None:
        self._too_slow: Callable[[], None] | None = too_slow

    def pauseProducing(self) -> None:  # noqa: N802 — Twisted's name
        # Whatever is written from here on, the close frame among it, asks for a pause again.
        if self._too_slow:
            too_slow, self._too_slow = self._too_slow, None
            too_slow()

    def resumeProducing(self) -> None:  # noqa: N802
        pass

    def stopProducing(self) -> None:  # noqa: N802
        self._too_slow = None


def watch(send: Any, too_slow: Callable[[], None]) -> None:
    """Have `too_slow` called, once at most, when more than MOST_PENDING bytes wait for a client.

    It is called from within the write that was too much, and must not write itself.

    Args:
        send: ASGI's, as the server gave it for this socket.
    """
    protocol = send.args[0] if isinstance(send, functools.partial) and send.args else None
    if not isinstance(protocol, WebSocketProtocol):
        logger.warning("This is not daphne as it is known here; what waits for a slow client is not bounded.")
        return
    protocol.failByDrop = False
    protocol.closeHandshakeTimeout = LAST_WORDS
    protocol.transport.bufferSize = MOST_PENDING
    # The one that is there is the HTTP channel's, through which the handshake came.
    protocol.unregisterProducer()
    protocol.registerProducer(Pressure(too_slow), True)
