"""Takes each request through the whole of Django in one thread."""

from collections.abc import Mapping
from typing import IO, Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpResponseBadRequest
from django.http.response import HttpResponseBase


class Http(ASGIHandler):
    _middleware_chain: Any

    def load_middleware(self, is_async: bool = False) -> None:
        """Take a request through middleware, view and template at once, in a thread of its own.

        Nothing of ours there is a coroutine. Django's way for those goes back to the loop and into the thread again
        for each `process_view` and for the view, and a page takes twice as long.
        """
        super().load_middleware(is_async=False)
        self._middleware_chain = sync_to_async(self._middleware_chain, thread_sensitive=True)

    def create_request(
        self, scope: Mapping[str, Any], body_file: IO[bytes]
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponseBase]:
        try:
            return super().create_request(scope, body_file)
        except ValueError:  # a Content-Type that cannot be read; Django lets it through to daphne
            return None, HttpResponseBadRequest()
