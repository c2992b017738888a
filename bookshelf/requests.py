"""Gives each request an id, by which its line in the log, its tasks and its notices are found together."""

import re
import uuid
from typing import Any

import structlog
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

from bookshelf.logs import without_key
from updater.door import place_of

# What a proxy of ours may give a request; anything else is replaced.
REQUEST_ID = re.compile(r"[0-9A-Za-z-]{8,64}")


class NameMiddleware(RequestMiddleware):
    """One line for each request, with nothing in it that opens anything."""

    def prepare(self, request: HttpRequest) -> None:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        scope = getattr(request, "scope", None)
        if scope:
            structlog.contextvars.bind_contextvars(ip=place_of(scope))

    def process_got_request_exception(self, sender: Any, request: HttpRequest, **kwargs: Any) -> None:
        """Nothing: Django itself tells of it, with the id."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {without_key(request.path)}"
