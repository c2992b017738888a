"""An event loop in a thread of its own, where the channel layer keeps its connection from one call to the next.

With a loop for each call, as asgiref makes one, each call would make a connection: 3 ms instead of a third of one.
"""

import asyncio
import functools
import os
import threading
from collections.abc import Coroutine
from typing import Any


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run it there and wait for its end. Raises what it raises."""
    asyncio.run_coroutine_threadsafe(coroutine, _loop()).result()


@functools.cache  # two threads that come first at once make two, which does no harm
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="ringer", daemon=True).start()
    return loop


# A thread is not forked: the child of a worker starts its own.
os.register_at_fork(after_in_child=_loop.cache_clear)
