"""The ASGI application; `daphne bookshelf.asgi:application` serves it."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookshelf.settings")
# Django first: what is imported below reads its settings and models.
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.sessions import CookieMiddleware  # noqa: E402

from updater.door import Door  # noqa: E402
from updater.drain import Drain  # noqa: E402
from updater.origin import OriginCheck  # noqa: E402
from updater.routing import websocket_urlpatterns  # noqa: E402

application = Drain(
    ProtocolTypeRouter(
        {
            "http": http,
            "websocket": OriginCheck(Door(CookieMiddleware(URLRouter(websocket_urlpatterns)))),
        }
    )
)
