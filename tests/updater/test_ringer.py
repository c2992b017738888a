import asyncio
import subprocess
import sys
import threading

import pytest

from updater import ringer

from ..site import ROOT


def test_one_loop_in_one_thread_serves_all_that_call() -> None:
    seen: set[tuple[int, int]] = set()

    async def look() -> None:
        seen.add((threading.get_ident(), id(asyncio.get_running_loop())))

    callers = [threading.Thread(target=ringer.run, args=(look(),)) for _ in range(3)]
    ringer.run(look())
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    ((thread, _),) = seen
    assert thread != threading.get_ident()


def test_what_fails_fails_where_it_was_called() -> None:
    async def fail() -> None:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        ringer.run(fail())


FORKED = """
import asyncio, os
from updater import ringer
ringer.run(asyncio.sleep(0))
child = os.fork()
ringer.run(asyncio.sleep(0))
if child:
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os._exit(7)
"""


def test_a_forked_process_has_one_of_its_own() -> None:
    assert subprocess.run([sys.executable, "-c", FORKED], cwd=ROOT, check=False, timeout=60).returncode == 7
