"""Daphne's own side of a socket, which ASGI does not show: found from its send, and spared a needless cost.

That send is a partial of the protocol is daphne's own matter; a test holds it.
"""

import functools
from typing import Any

from daphne.ws_protocol import WebSocketProtocol

# Seconds from a close to the end of the connection. As long as that a client that reads again finds what was
# pending, and behind it the close code; with Autobahn's one second it finds a broken connection.
LAST_WORDS = 10


def protocol_of(send: Any) -> WebSocketProtocol | None:
    """None where the server is another one.

    Args:
        send: ASGI's, as the server gave it for this socket.
    """
    protocol = send.args[0] if isinstance(send, functools.partial) and send.args else None
    if not isinstance(protocol, WebSocketProtocol):
        return None
    if getattr(type(protocol), "CONFIG_ATTRS", None):
        settle_options(type(protocol), protocol.factory)
    return protocol


def settle_options(kind: Any, factory: Any) -> None:
    """Let Autobahn's options be the class's, once for all.

    It copies those that the class does not have to every connection, 30 of them, and spells them out for a line of its
    log, though nobody reads that: a fifth of what a handshake costs.
    """
    for name in kind.CONFIG_ATTRS:
        option = getattr(factory, name)
        setattr(kind, name, staticmethod(option) if callable(option) else option)
    kind.CONFIG_ATTRS = []


def forget_handshake(send: Any) -> None:
    """Let go of what a client came with, a fifth of what a socket holds. To be called when nobody reads it any more."""
    protocol = protocol_of(send)
    if protocol is not None:
        protocol.clean_headers.clear()  # the scope's
        protocol.http_headers.clear()
        protocol.http_request_data = b""


def let_go(send: Any) -> None:
    """Open the circle in which a lost connection holds itself, for the garbage collector looks for such ones seldom."""
    protocol = protocol_of(send)
    if protocol is not None:
        protocol.is_closed = None


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
