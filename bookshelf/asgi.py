"""The ASGI application; `daphne bookshelf.asgi:application` serves it."""

import os
from collections.abc import Mapping
from typing import IO, Any

import django
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpResponseBadRequest
from django.http.response import HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookshelf.settings")
# Django first: what is imported below reads its settings and models.
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.sessions import CookieMiddleware  # noqa: E402

from updater.door import Door  # noqa: E402
from updater.drain import Drain  # noqa: E402
from updater.origin import OriginCheck  # noqa: E402
from updater.routing import websocket_urlpatterns  # noqa: E402


class Http(ASGIHandler):
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
            "websocket": OriginCheck(Door(CookieMiddleware(URLRouter(websocket_urlpatterns)))),
        }
    )
)
