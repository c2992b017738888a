"""The ASGI application; `daphne bookshelf.asgi:application` serves it."""

import gc
import os
from collections.abc import Mapping
from typing import IO, Any

import django
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpResponseBadRequest
from django.http.response import HttpResponseBase

from bookshelf import environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookshelf.settings")
environment.pool(settings.DATABASES["default"])
# Django first: what is imported below reads its settings and models.
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter  # noqa: E402

from updater.drain import Drain  # noqa: E402
from updater.routing import sockets  # noqa: E402


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


http = Http()
application = Drain(
    ProtocolTypeRouter(
        {
            "http": http,
            "websocket": sockets,
        }
    )
)

# What is here by now stays, and what comes is kept for long: a socket is some hundred objects, and looking through
# all of them again and again for garbage would be half of what it costs to open ten thousand.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 10, 5)
