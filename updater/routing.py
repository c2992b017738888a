"""The one path at which sockets live, and what a handshake passes on its way there."""

from collections.abc import Awaitable
from typing import Any

from .consumers import UpdateConsumer
from .door import Door
from .origin import OriginCheck, refuse

PATH = "/ws/update_notice/"


def live(scope: Any, receive: Any, send: Any) -> Awaitable[None]:
    return UpdateConsumer()(scope, receive, send) if scope["path"] == PATH else refuse(receive, send)


sockets = OriginCheck(Door(live))
