"""Spares anonymous readers a page that would show what they hold already.

Whoever is told so goes on from the place in the notice log that their copy carries, which is right wherever the log can
still be read from there; where it cannot, their socket says so, and the page asks anew. So the log is not asked first.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import get_script_prefix
from django.utils.cache import get_conditional_response
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import get_language


@dataclass(frozen=True)
class Page:
    """What a view has read for a page.

    `shows`: all that an anonymous reader sees of it, or what changes with that, to be compared. `context`: what the
    template wants; what it takes to read that is read when the page is rendered.
    """

    template: str
    shows: tuple[object, ...]
    context: Callable[[], dict[str, Any]]

    @property
    def etag(self) -> str:
        """Weak, for two copies of the same may carry different places in the log."""
        told = repr((settings.VERSION, get_script_prefix(), get_language(), self.shows))
        return f'W/"{hashlib.blake2b(told.encode(), digest_size=16).hexdigest()}"'


def conditional(read: Callable[..., Page | HttpResponse]) -> Callable[..., HttpResponse]:
    """A view from one that gives the page it has read, or another answer."""

    @wraps(read)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        page = read(request, *args, **kwargs)
        if isinstance(page, HttpResponse):
            return page
        response = render(request, page.template, page.context())
        if is_anonymous(request):
            response.headers["ETag"] = page.etag
        return response

    view.read = read  # type: ignore[attr-defined]
    return view


def is_anonymous(request: HttpRequest) -> bool:
    """Whether nothing on a page can be for this reader alone: neither a login nor a word about what they did last."""
    return not any(request.COOKIES.get(name) for name in (settings.SESSION_COOKIE_NAME, CookieStorage.cookie_name))


class UnchangedMiddleware(MiddlewareMixin):
    """Answers before the log is asked; and has no page kept by caches without asking, a person's own not at all."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        read = getattr(view, "read", None)
        asks = request.method in ("GET", "HEAD") and "If-None-Match" in request.headers
        if read is None or not asks or not is_anonymous(request):
            return None
        page = read(request, *args, **kwargs)
        if not isinstance(page, Page):
            return None
        response: HttpResponse | None = get_conditional_response(request, etag=page.etag)
        if response is not None:
            # As the page itself has them.
            response.headers["ETag"], response.headers["Vary"] = page.etag, "Accept-Encoding, Cookie"
        return response

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "no-cache" if response.has_header("ETag") else "private, no-cache"
        return response
