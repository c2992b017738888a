"""Who may open a socket: pages of this site, and of the origins that the operator trusts."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

DEFAULT_PORTS = {"http": 80, "https": 443}

Application = Callable[[Any, Any, Any], Awaitable[None]]


class OriginCheck:
    """Refuses a handshake whose Origin is missing, `null`, malformed or another site's, with HTTP 403."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        headers = scope["headers"]
        if origin_allowed(_only(headers, b"origin"), _only(headers, b"host")):
            return self.application(scope, receive, send)
        return refuse(receive, send)


async def refuse(receive: Any, send: Any) -> None:
    """Close it before it is accepted, which the client sees as HTTP 403."""
    await receive()
    await send({"type": "websocket.close"})


def _only(headers: list[tuple[bytes, bytes]], name: bytes) -> str:
    values = [value for header, value in headers if header == name]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def origin_allowed(origin: str, host: str) -> bool:
    """Whether a page of `origin` may open a socket at `host`.

    Args:
        origin: the header, such as "https://example.org:8443".
        host: the header, such as "example.org:8443".
    """
    parts = _parsed(origin)
    if parts is None:
        return False
    if any(_matches(parts, trusted) for trusted in (settings.SITE_URL, *settings.CSRF_TRUSTED_ORIGINS)):
        return True
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    own = _parsed(f"{parts.scheme}://{host}")
    return own is not None and _place(own) == _place(parts)


def _parsed(origin: str) -> SplitResult | None:
    try:
        parts = urlsplit(origin)
        parts.port  # noqa: B018 — reading it is what checks it
    except ValueError:
        return None
    whole = parts.scheme in DEFAULT_PORTS and parts.hostname and origin == f"{parts.scheme}://{parts.netloc}"
    return parts if whole and "@" not in parts.netloc else None


def _place(parts: SplitResult) -> tuple[str | None, int]:
    return parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme]


def _matches(parts: SplitResult, trusted: str) -> bool:
    """Whether this is the trusted origin, which may begin with `*.` as Django allows it."""
    other = urlsplit(trusted.replace("://*.", "://"))
    if other.scheme != parts.scheme or _place(other)[1] != _place(parts)[1]:
        return False
    if "://*." in trusted:
        return str(parts.hostname).endswith(f".{other.hostname}")
    return other.hostname == parts.hostname
