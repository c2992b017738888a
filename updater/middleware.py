"""Gives a request the place in the notice log that its page will be rendered at."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

from . import log
from .cursor import Cursor

View = TypeVar("View", bound=Callable[..., Any])


class CursorRequest(HttpRequest):
    cursor: Cursor


class CursorMiddleware(MiddlewareMixin):
    """Reads the head of the log before the view reads the posts.

    In the other order a post could be published between the two: too late for the page, too early for its socket.
    """

    def process_view(self, request: CursorRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        if not getattr(view, "cursor_exempt", False):
            request.cursor = log.head()


def cursor_exempt(view: View) -> View:
    """Mark a view that renders no page."""
    view.cursor_exempt = True  # type: ignore[attr-defined]
    return view
