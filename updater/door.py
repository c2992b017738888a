"""How many sockets one place may open: counted before anything is looked up, by each process for itself."""

import ipaddress
import re
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from . import meters

TOO_MANY = 4029  # come back, in half a minute or later
MINUTE = 60.0  # seconds

closing = threading.Event()  # set when this process is about to end: nobody else is let in

Application = Callable[[Any, Any, Any], Awaitable[None]]


class Door:
    """Passes a handshake on, or accepts it only to say with a close code why it has to come back."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self._open: Counter[str] = Counter()  # sockets, by place
        self._rate = Rate()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        place = place_of(scope)
        if self._is_full(place) or not self._rate.admits(place, time.monotonic()):
            await turn_away(receive, send, TOO_MANY)
            return
        self._open[place] += 1
        try:
            await self.application(scope, receive, send)
        finally:
            self._open[place] -= 1
            if not self._open[place]:
                del self._open[place]

    def _is_full(self, place: str) -> bool:
        return 0 < settings.SOCKETS_PER_ADDRESS <= self._open[place]


class Rate:
    """As many handshakes a minute from each place as CONNECTS_PER_MINUTE says; all of them at once if need be.

    The generic cell rate algorithm (ITU-T I.371): of each place one number is kept, the time until which what it has
    used up would last at an even pace. Who is turned away uses nothing up.
    """

    def __init__(self) -> None:
        self._used_until: dict[str, float] = {}
        self._swept_at = 0.0

    def admits(self, place: str, now: float) -> bool:
        if not settings.CONNECTS_PER_MINUTE:
            return True
        if now - self._swept_at > MINUTE:
            self._used_until = {other: until for other, until in self._used_until.items() if until > now}
            self._swept_at = now
        until = max(now, self._used_until.get(place, now)) + MINUTE / settings.CONNECTS_PER_MINUTE
        if until - now > MINUTE + 1e-6:  # rounding must not cost the last one its turn
            return False
        self._used_until[place] = until
        return True


async def turn_away(receive: Any, send: Any, code: int) -> None:
    """Accept and close: before it is accepted a browser is told of no code."""
    meters.closed.labels(code).inc()
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code})


def place_of(scope: Any) -> str:
    """Where a client is: its IPv4 address, or the /64 network of its IPv6 one, of which one customer has all.

    Behind proxies of ours it is the address that the outermost of them has seen. What stands to the left of that in
    X-Forwarded-For the client may have written itself.
    """
    address = scope["client"][0] if scope.get("client") else ""
    if settings.TRUSTED_PROXIES:
        lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        forwarded = ",".join(lines).split(",") if lines else []
        if len(forwarded) >= settings.TRUSTED_PROXIES:
            # Some proxies add the port.
            address = re.sub(r"^\[(.*)\](:\d+)?$|^([^:]*):\d+$", r"\1\3", forwarded[-settings.TRUSTED_PROXIES].strip())
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip) >> 64 << 64, 64)))
