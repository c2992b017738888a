"""The processes of a site with two of each that there may be two of, and what restarts them when they end."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import redis

from bookshelf import valkey

from ..site import free_port

PAUSE = 0.7  # seconds after which what has ended is started again
# What would make another site of it.
NOT_INHERITED = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "SITE_URL", "EMAIL_URL", "ALLOWED_HOSTS", "GOOGLE_BOOKS_KEY")
WARM = 20.0  # seconds that a process has to end by itself when asked to


@dataclass
class Incident:
    """Something that was wrong with a part of the machine, and for how long, in monotonic seconds."""

    part: str
    begin: float
    end: float = float("inf")


class Incidents(list[Incident]):
    @contextmanager
    def happening(self, part: str) -> Iterator[None]:
        incident = Incident(part, time.monotonic())
        self.append(incident)
        try:
            yield
        finally:
            incident.end = time.monotonic()

    def between(self, begin: float, end: float, *parts: str) -> list[Incident]:
        """Those of parts whose names begin so that happened at some moment from `begin` to `end`."""
        return [
            incident
            for incident in self
            if incident.part.startswith(parts) and incident.begin <= end and incident.end >= begin
        ]


class Kept:
    """One process: started, and again a moment after it has ended, however it ended."""

    def __init__(self, name: str, command: list[str], machine: "Machine", answers: Callable[[], bool]) -> None:
        self.name = name
        self.command = command
        self.pause = PAUSE
        self._trouble: Incident | None = None  # since when it has been killed
        self.died: list[int] = []  # return codes with which it ended though nobody had killed it
        self._machine = machine
        self._answers = answers
        self._log = (machine.folder / f"{name}.log").open("ab")

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            cwd=self._machine.root,
            env=self._machine.environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            process_group=0,
        )

    async def keep(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.to_thread(self.process.wait)
            if self._trouble is None:
                self.died.append(self.process.returncode)
            trouble = self._trouble or self._in_trouble()
            await asyncio.sleep(self.pause)
            self._trouble, self.pause = None, PAUSE
            self.start()
            await self.answering()
            trouble.end = time.monotonic()

    async def answering(self) -> None:
        while self.process.poll() is None and not await asyncio.to_thread(self._answers):  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # between two looks; it tells nobody when it listens

    def kill(self) -> None:
        self._trouble = self._in_trouble()
        self.process.kill()

    def _in_trouble(self) -> Incident:
        incident = Incident(self.name, time.monotonic())
        self._machine.incidents.append(incident)
        return incident

    def children(self) -> list[int]:
        table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        pairs = (map(int, line.split()) for line in table.splitlines())
        return sorted(pid for pid, parent in pairs if parent == self.process.pid)

    def close(self) -> None:
        self._log.close()


class Machine:
    """The site of the code in `root`, with its data and logs in `folder`.

    Args:
        database: DATABASE_URL; None for SQLite in the folder.
        environment: further variables of the site.
    """

    def __init__(self, root: Path, folder: Path, database: str | None, **environment: str) -> None:
        self.root = root
        self.folder = folder
        self.database = database or str(folder / "bookshelf.sqlite3")
        self.incidents = Incidents()
        self.redis = redis.Redis.from_url(f"unix://{folder}/valkey.sock", socket_timeout=1)
        ports = [free_port(), free_port()]
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        self.environment = {
            **inherited,
            "VAR_DIR": str(folder),
            "PORT": str(ports[0]),
            "REDIS_URL": f"unix://{folder}/valkey.sock",
            "CATALOGUE_RATE": "1000",
            **({"DATABASE_URL": database} if database else {}),
            **environment,
        }
        server = valkey.find_server()
        assert server
        self.kept = {
            name: Kept(name, command, self, answers) for name, command, answers in self._programs(server, ports)
        }
        self._keepers: list[asyncio.Task[None]] = []

    def _programs(self, server: str, ports: list[int]) -> Iterator[tuple[str, list[str], Callable[[], bool]]]:
        """As the README and the containers start them; without what makes the queue outlive its server."""
        memory = [server, "--port", "0", "--unixsocket", f"{self.folder}/valkey.sock", "--dir", str(self.folder)]
        yield "valkey", [*memory, "--save", "", "--appendonly", "no"], self._valkey_answers
        celery = [sys.executable, "-m", "celery", "-A", "bookshelf"]
        for number in (1, 2):
            name = f"{self.folder.name}-{number}@%h"
            options = ["-Q", "enrich", "--concurrency", "2", "-n", name, "--loglevel", "INFO"]
            yield f"worker-{number}", [*celery, "worker", *options], started
        sweep = ["-Q", "sweep", "--pool", "solo", "-n", f"{self.folder.name}-sweep@%h", "--loglevel", "INFO"]
        yield "sweep", [*celery, "worker", *sweep], started
        yield "beat", [*celery, "beat", "--loglevel", "INFO"], started
        for number, port in enumerate(ports, start=1):
            endpoint = f"tcp:port={port}:interface=127.0.0.1:backlog=4096"
            daphne = [sys.executable, "-m", "daphne", "-e", endpoint, "bookshelf.asgi:application"]
            yield f"web-{number}", daphne, partial(listens, port)

    def _valkey_answers(self) -> bool:
        try:
            return bool(self.redis.ping())
        except redis.RedisError:
            return False

    # --- its life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Return when its pages can be asked for."""
        self.manage("migrate", "--verbosity", "0")
        for kept in self.kept.values():
            kept.start()
        for kept in self.kept.values():
            await kept.answering()
            assert kept.process.poll() is None, f"{kept.name} did not start; see {self.folder}/{kept.name}.log"
        self._keepers = [asyncio.create_task(kept.keep()) for kept in self.kept.values()]

    async def rest(self, *names: str) -> None:
        """End some of its processes for good, as they want to be ended."""
        keepers = dict(zip(self.kept, self._keepers, strict=True))
        for name in names:
            keepers[name].cancel()
        processes = [self.kept[name].process for name in names]
        for process in processes:
            process.terminate()
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.wait, WARM)

    def end(self) -> None:
        """End all that is left of it, at once."""
        for keeper in self._keepers:
            keeper.cancel()
        for kept in self.kept.values():
            if hasattr(kept, "process"):
                kept.process.kill()
                kept.process.wait()
            kept.close()
        # A worker's children outlive it where it was killed in the midst of their tasks.
        table = subprocess.run(["ps", "-A", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
        for line in table.splitlines():
            pid, _, arguments = line.strip().partition(" ")
            if f"-n {self.folder.name}-" in arguments:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        self.redis.close()

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=self.root, env=self.environment, check=True)


def started() -> bool:
    """Of a process that is asked for nothing: that it is late is part of what the campaign is about."""
    return True


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
