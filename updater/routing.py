from collections.abc import Awaitable, Callable
from typing import Any, cast

from django.urls import path, re_path

from .consumers import UpdateConsumer


async def refuse(scope: Any, receive: Any, send: Callable[[dict[str, str]], Awaitable[None]]) -> None:
    """No socket lives at this path: closed before it is accepted, which the client sees as HTTP 403."""
    await receive()
    await send({"type": "websocket.close"})


websocket_urlpatterns = [
    path("ws/update_notice/", UpdateConsumer.as_asgi()),
    re_path("", cast("Any", refuse)),  # Django's types know no ASGI application
]
