"""The tutorial's way, written out: each socket joins the group at the channel layer, and encodes what it is sent.

    daphne benchmarks.peers.tutorial:application      with REDIS_URL

The options of the layer's host are not the tutorial's. They only let it work: with redis-py 8 alone it closes idle
sockets after five seconds (channels_redis#422), and fails where more than a hundred connections are wanted at once or
one takes five seconds to get.
"""

import os
from typing import Any

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="of no worth",  # noqa: S106 — nothing is signed here
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=[
        "channels",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
    ],
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {
                "hosts": [
                    {
                        "address": os.environ["REDIS_URL"],
                        "socket_timeout": 60,
                        "socket_connect_timeout": 60,
                        "max_connections": 9000,
                    }
                ]
            },
        }
    },
)
django.setup()

from channels.auth import AuthMiddlewareStack  # noqa: E402 — it reads the settings
from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.urls import path  # noqa: E402


class UpdateConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self) -> None:
        await self.channel_layer.group_add("updates", self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard("updates", self.channel_name)

    async def update_notice(self, event: dict[str, Any]) -> None:
        await self.send_json(event["content"])


application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(URLRouter([path("ws/", UpdateConsumer.as_asgi())]))
        ),
    }
)
