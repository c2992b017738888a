"""What is done to the site, each fault as its plan says."""

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

from ..catalogue import Catalogue, status
from .machine import Kept, Machine
from .plan import Fault, Plan

HELD = 2.0  # seconds for which the catalogue says nothing before a worker is stopped


class Faults:
    """What hits one machine.

    Args:
        restart_database: does so in the mode that it is given; None where the database is a file.
    """

    def __init__(self, machine: Machine, catalogue: Catalogue, restart_database: Callable[[str], None] | None) -> None:
        self.done: Counter[str] = Counter()
        self._machine = machine
        self._catalogue = catalogue
        self._restart_database = restart_database

    async def run(self, plan: Plan, begin: float) -> None:
        """All faults of a plan, in seconds from `begin` (monotonic); returns when the last one is over."""
        async with asyncio.TaskGroup() as group:
            for fault in plan.faults:
                group.create_task(self._do(fault, begin))

    async def _do(self, fault: Fault, begin: float) -> None:
        await asyncio.sleep(begin + fault.second - time.monotonic())
        kept = self._machine.kept.get(fault.target)
        with (self._machine.folder / "faults.log").open("a") as log:
            print(f"{datetime.now(UTC):%F %T} {fault.kind}: {fault.target}, {fault.seconds:g} s", file=log)
        with self._machine.incidents.happening(fault.kind):
            if fault.target == "valkey":
                await self._valkey(fault)
            elif fault.target == "catalogue":
                await self._misbehave(fault)
            elif fault.target == "postgres":
                assert self._restart_database
                with self._machine.incidents.happening("postgres"):
                    await asyncio.to_thread(self._restart_database, fault.kind.split()[-1])
            elif kept and fault.kind == "kill a pool child":
                children = kept.children()
                if not children:  # it has just been started itself
                    return
                os.kill(children[fault.choice % len(children)], signal.SIGKILL)
            elif kept and fault.kind == "stop a worker":
                await self._stop_worker(kept, fault.seconds)
            elif kept:
                kept.kill()
        self.done[fault.kind] += 1

    async def _valkey(self, fault: Fault) -> None:
        kept = self._machine.kept["valkey"]
        match fault.kind:
            case "kill Valkey":
                kept.pause = fault.seconds
                kept.kill()
            case "stop Valkey":
                kept.process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(fault.seconds)
                kept.process.send_signal(signal.SIGCONT)
            case "FLUSHALL":
                await asyncio.to_thread(self._machine.redis.flushall)
            case "CLIENT KILL pubsub":
                await asyncio.to_thread(self._machine.redis.client_kill_filter, _type="pubsub")

    async def _misbehave(self, fault: Fault) -> None:
        trouble = fault.kind.removeprefix("catalogue: ")
        try:
            if trouble == "slow":
                await self._answer_late(fault.seconds)
            else:
                self._catalogue.answer("/", TROUBLES[trouble])
                await asyncio.sleep(fault.seconds)
        finally:
            self._catalogue.behave()

    async def _answer_late(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._catalogue.hold()
            await asyncio.sleep(1.5)  # its lateness is the fault
            self._catalogue.release()
            await asyncio.sleep(0.05)  # what was held is answered

    async def _stop_worker(self, kept: Kept, seconds: float) -> None:
        """Past its lease, with what it holds; its main process, which would end its children in time, too."""
        self._catalogue.hold()
        await asyncio.sleep(HELD)
        stopped = [kept.process.pid, *kept.children()]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        self._catalogue.release()
        try:
            await asyncio.sleep(seconds - HELD)
        finally:
            for pid in reversed(stopped):  # the children first: they are to go on before they can be ended
                with contextlib.suppress(ProcessLookupError):  # the campaign was given up, and it is gone
                    os.kill(pid, signal.SIGCONT)


def silence(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(20)  # longer than anybody waits


def byte_a_second(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    for _ in range(20):
        handler.wfile.write(b"{")
        handler.wfile.flush()
        time.sleep(1)


TROUBLES: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "403": status(403, b"<html>Forbidden</html>"),
    "429": status(429, b"", Retry_After="3"),
    "500": status(500, b"<html>Internal Server Error</html>"),
    "garbage": status(200, bytes(range(256)) * 4, Content_Type="application/json"),
    "silence": silence,
    "a byte a second": byte_a_second,
}
