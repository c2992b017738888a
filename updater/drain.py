"""An orderly end of a web process: told to stop by SIGTERM, it sends its sockets elsewhere before it goes.

1. The readiness probe says no, and no more sockets are let in. Pages are served as before, until a proxy has noticed.
2. The sockets are closed one after the other, with a code that asks their clients to come back: all at once they
   would overrun the processes that are left.
3. Requests that are being answered end first, if that takes a moment only.
4. What the server itself does at SIGTERM is done. A second SIGTERM does it at once.
"""

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from .door import Application, closing, turn_away
from .hub import hub

DRAINING = 4012  # come back; somebody else is there, or will be
PATIENCE = 5.0  # seconds for the requests that are left

logger = logging.getLogger(__name__)


class Drain:
    """Stands before everything else that this process answers."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self._armed = False
        self._requests = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not self._armed:
            self._armed = True
            self._arm()
        if scope["type"] == "websocket" and closing.is_set():
            await turn_away(receive, send, DRAINING)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await self.application(scope, receive, send)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        self._requests += 1
        self._idle.clear()
        try:
            await self.application(scope, receive, send)
        finally:
            self._requests -= 1
            if not self._requests:
                self._idle.set()

    def _arm(self) -> None:
        """Come before what the server does at SIGTERM; where it does nothing, as in a test, there is nothing to do."""
        servers_own = signal.getsignal(signal.SIGTERM)
        if not callable(servers_own) or threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()

        def stop(number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGTERM, servers_own)
            loop.call_soon_threadsafe(self._begin, lambda: servers_own(number, None))

        signal.signal(signal.SIGTERM, stop)

    def _begin(self, go: Callable[[], object]) -> None:
        self._task = asyncio.create_task(self.drain(go))

    async def drain(self, go: Callable[[], object]) -> None:
        """Send everybody elsewhere, then `go`."""
        closing.set()
        try:
            logger.info("Asked to stop; %s sockets are sent elsewhere.", hub().population)
            await hub().close_all(DRAINING)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), PATIENCE)
        finally:
            go()
