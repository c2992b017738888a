"""The one door to the Internet: which hosts, which addresses, how many bytes, how long.

What comes back from there is a stranger's. The rules hold for every redirect anew, and for the address that is
connected to, not for a name that could be looked up a second time and give another.
"""

import contextlib
import email.utils
import functools
import ipaddress
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urljoin, urlsplit

import httpcore
from django.conf import settings

from posts.models import Outcome

SECONDS = 5.0  # for all that one attempt does outside
MOST_REDIRECTS = 4
LONGEST_LOCATION = 2_000  # characters
LONGEST_RETRY_AFTER = 24 * 3600.0  # seconds; beyond that nobody means us

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# All that is given out of IPv6. Outside of it `is_global` lets NAT64, IPv4-compatible and site-local addresses pass.
UNICAST = ipaddress.ip_network("2000::/3")


class NoAnswer(Exception):
    """The outside did not give what was asked for. `retry_after`: seconds it asks us to stay away, 0 for none."""

    outcome: ClassVar[Outcome]
    retry_after: float = 0


class NotFound(NoAnswer):
    """It has no such thing."""

    outcome = Outcome.NOT_FOUND


class Refused(NoAnswer):
    """It has had enough of us."""

    outcome = Outcome.REFUSED

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unreachable(NoAnswer):
    """Silence, an error, an answer that is not what it should be, or a place we do not go to."""

    outcome = Outcome.UNREACHABLE


class Outside:
    """What one attempt may do outside; used as a context manager."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._deadline = time.monotonic() + seconds
        self._pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=_Network(self))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()

    def seconds_left(self) -> float:
        return self._deadline - time.monotonic()

    def left(self) -> float:
        """Seconds. Raises Unreachable where none are left."""
        seconds = self.seconds_left()
        if seconds <= 0:
            raise Unreachable("the time for this attempt is used up")
        return seconds

    @contextlib.contextmanager
    def keeping(self, seconds: float) -> Iterator[None]:
        """Within the block so many seconds less are left: they are for what comes after."""
        self._deadline -= seconds
        try:
            yield
        finally:
            self._deadline += seconds

    def get_json(self, url: str, most_bytes: int = 1_000_000) -> Any:
        """Raises as `get`, Unreachable also where the body is not JSON."""
        body = self.get(url, most_bytes)
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise Unreachable(f"{_shown(url)} did not answer in JSON") from None

    def get(self, url: str, most_bytes: int) -> bytes:
        """The body at an address, redirects followed.

        Raises:
            NotFound, Refused, Unreachable.
        """
        for _ in range(MOST_REDIRECTS + 1):
            status, headers, body = self._once(url, most_bytes)
            if status not in (301, 302, 303, 307, 308):
                return _checked(url, status, headers, body)
            url = _joined(url, headers.get("location", ""))
        raise Unreachable(f"more than {MOST_REDIRECTS} redirects, the last one to {_shown(url)}")

    def _once(self, url: str, most_bytes: int) -> tuple[int, dict[str, str], bytes]:
        _check_place(url)
        headers: dict[bytes | str, bytes | str] = {"User-Agent": _user_agent(), "Accept-Encoding": "identity"}
        try:
            with self._pool.stream("GET", url, headers=headers) as response:
                return response.status, _readable(response.headers), self._body(response, most_bytes)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unreachable(f"{_shown(url)}: {type(error).__name__} {error}") from error

    def _body(self, response: httpcore.Response, most_bytes: int) -> bytes:
        body = bytearray()
        for chunk in response.iter_stream():
            body += chunk
            if len(body) > most_bytes:
                raise Unreachable(f"more than {most_bytes} bytes")
        return bytes(body)


def _shown(url: str) -> str:
    """For messages: a query may hold a key, and messages are kept and shown."""
    return url.partition("?")[0]


def _joined(url: str, location: str) -> str:
    if len(location) > LONGEST_LOCATION:
        raise Unreachable(f"{_shown(url)} redirects to an address of {len(location)} characters")
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise Unreachable(f"{_shown(url)} redirects to {_shown(location)!r}: {error}") from None


def _checked(url: str, status: int, headers: dict[str, str], body: bytes) -> bytes:
    if status == 200:
        return body
    if status in (404, 410):
        raise NotFound(f"{_shown(url)}: {status}")
    if status in (403, 429):
        raise Refused(f"{_shown(url)}: {status}", _seconds(headers.get("retry-after", "")))
    raise Unreachable(f"{_shown(url)}: {status}")


def _seconds(retry_after: str) -> float:
    """What a Retry-After asks for, in seconds or by a date (RFC 9110, 10.2.3); 0 where it is neither."""
    if re.fullmatch("[0-9]{1,9}", retry_after, re.ASCII):
        return min(float(retry_after), LONGEST_RETRY_AFTER)
    try:
        seconds: float = email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER)


def _readable(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def _user_agent() -> str:
    """Open Library refuses clients that do not say who they are."""
    contact = f"; {settings.SITE_CONTACT}" if settings.SITE_CONTACT else ""
    return f"BookShelf/1.0 (+{settings.SITE_URL}{contact})"


def _check_place(url: str) -> None:
    """Raises Unreachable for a host that is not a catalogue's."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Unreachable(f"{_shown(url)!r} is no address: {error}") from None
    if not url.isascii():
        raise Unreachable(f"{_shown(url)!r} is not an address as it is sent")
    configured = {_origin(settings.OPENLIBRARY_URL), _origin(settings.COVERS_URL)}
    if settings.GOOGLE_BOOKS_KEY:
        configured |= {_origin(settings.GOOGLE_BOOKS_URL), _origin(settings.GOOGLE_COVERS_URL)}
    if parts.scheme in ("http", "https") and _origin(url) in configured:
        return
    # Where the covers are kept; covers.openlibrary.org redirects there.
    archive = host == "archive.org" or host.endswith(".us.archive.org")
    if not (archive and parts.scheme == "https" and port in (None, 443)):
        raise Unreachable(f"{_shown(url)} is not at a catalogue's host")


def _origin(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Network(httpcore.NetworkBackend):
    """Connects to checked addresses, and hurries every wait so that together they keep to the deadline."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        # Resolved once; the addresses that were checked are the ones that are connected to.
        addresses = _resolve(host, port, self._outside.left())
        explicit = {_origin(url) for url in settings.EXPLICIT_CATALOGUES}
        for address in addresses:
            if (host, port) not in explicit and not is_public(ipaddress.ip_address(address)):
                raise Unreachable(f"{host} is at {address}, which is not a public address")
        return _HurriedStream(self._first_open(addresses, port), self._outside)

    def _first_open(self, addresses: list[str], port: int) -> httpcore.NetworkStream:
        """Raises httpcore.ConnectError, the last address's."""
        for address in addresses[:-1]:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):  # the next one may answer
                return httpcore.SyncBackend().connect_tcp(address, port, timeout=self._outside.left() / 2)
        return httpcore.SyncBackend().connect_tcp(addresses[-1], port, timeout=self._outside.left())


class _HurriedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, outside: Outside) -> None:
        self._stream = stream
        self._outside = outside

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._outside.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._outside.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._outside.left())
        return _HurriedStream(stream, self._outside)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _resolve(host: str, port: int, seconds: float) -> list[str]:
    """The addresses of a name. getaddrinfo takes no time-out, so it is left behind in a thread of its own."""
    found: list[str] = []

    def look_up() -> None:
        nonlocal found
        try:
            # In one piece: what is added after the time-out would be connected to without having been checked.
            found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError):
            return  # found stays empty, which is reported below

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(seconds)
    addresses = found
    if not addresses:
        raise Unreachable(f"{host} has no address, or none came in time")
    return addresses


def is_public(address: IpAddress) -> bool:
    """Whether an address is a host's on the open Internet, also where it is an IPv4 one in IPv6's clothes."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        # is_global is true for the other two on Python 3.11 and 3.12.1.
        if address not in UNICAST or address.sixtofour or address.teredo:
            return False
    return address.is_global and not address.is_multicast
