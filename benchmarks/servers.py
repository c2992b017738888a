"""The servers that are compared: how each is started, and what makes it tell everybody.

To be imported when Django is set up, for the folder and the Valkey that the site's settings name.
"""

import contextlib
import http.client
import itertools
import json
import os
import shutil
import socket
import string
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import redis
from asgiref.sync import async_to_sync
from channels_redis.core import RedisChannelLayer
from django.conf import settings
from django.db import transaction

from bookshelf import processes
from tests.site import free_port
from updater import announce, log
from updater.cursor import Cursor

from .ground import BENCH

PEERS = Path(__file__).parent / "peers"
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")  # Debian's place

Publish = Callable[[], object]


def content(mark: int) -> dict[str, str]:
    """The fields of a notice that makes a frame of about 300 bytes."""
    return {
        "title": f"On reading slowly, mark={mark:04}",
        "author": "somebody",
        "url": "/posts/1/on-reading-slowly/",
        "html": f"<article>{'x' * 70}</article>",
    }


def frame(mark: int) -> str:
    """What a peer sends: the same as the site."""
    return log.Notice("0123abcd", mark, mark, mark, json.dumps(content(mark))).frame(0, Cursor.at("0123abcd", mark))


class Server:
    """One process, from `start` to `stop`; when `meet` has returned it can be told what to publish."""

    name: str
    path = "/ws/"
    greetings = 0  # messages that a socket is sent before anything else
    at_once: int | None = None  # sockets that are opened at once, where more would break it
    page: str | None = None  # what is asked for while everybody is told

    def __init__(self) -> None:
        self.port = free_port()

    def missing(self) -> str | None:
        """What there is not, so that this one cannot be measured."""
        return None

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def publishers(self, marks: Iterable[int]) -> list[Publish]:
        """What tells everybody of each mark, with all done that is not part of that."""
        raise NotImplementedError

    def start(self, core: int) -> None:
        with open(self.log(), "w") as words:
            self.process = subprocess.Popen(
                ["taskset", "--cpu-list", str(core), *self.command()],
                env=os.environ | self.environment(),
                cwd=settings.BASE_DIR,
                stdout=words,
                stderr=words,
            )

    def log(self) -> Path:
        return BENCH / f"{type(self).__name__.lower()}.log"

    def meet(self) -> None:
        while not self.listens():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} does not start; {self.log()} may say why.")
            time.sleep(0.05)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class BookShelf(Server):
    """This site. A notice is in the log before the clock starts, as the peers' frames are ready before theirs."""

    name = "BookShelf"
    path = "/ws/update_notice/"
    greetings = 1
    page = "/healthz"
    subjects = itertools.count(1)

    def __init__(self) -> None:
        self.port = settings.PORT

    def command(self) -> list[str]:
        return processes.daphne()

    def publishers(self, marks: Iterable[int]) -> list[Publish]:
        with transaction.atomic():
            notices = [log.write(next(self.subjects), content(mark)) for mark in marks]
        return [partial(announce.ring, notice) for notice in notices]


def daphne_on(port: int) -> list[str]:
    """All but the application. With five seconds in the queue of a storm daphne would give a socket up."""
    endpoint = f"tcp:port={port}:interface=127.0.0.1:backlog=4096"
    return [sys.executable, "-m", "daphne", "--websocket_connect_timeout", "120", "-e", endpoint]


class Fallback(BookShelf):
    name = "BookShelf, FAST_LANE=no"

    def environment(self) -> dict[str, str]:
        return {"FAST_LANE": "no"}


class Tutorial(Server):
    name = "tutorial: a group member per socket"
    at_once = 500

    def command(self) -> list[str]:
        return [*daphne_on(self.port), "benchmarks.peers.tutorial:application"]

    def environment(self) -> dict[str, str]:
        return {"REDIS_URL": settings.REDIS.url}

    def start(self, core: int) -> None:
        # The members of a group outlive a server that was killed.
        with redis.Redis.from_url(settings.REDIS.url) as client:
            client.flushall()
        super().start(core)

    def publishers(self, marks: Iterable[int]) -> list[Publish]:
        tell = async_to_sync(RedisChannelLayer([{"address": settings.REDIS.url, "socket_timeout": 15}]).group_send)
        return [
            partial(tell, "updates", {"type": "update_notice", "content": json.loads(frame(mark))}) for mark in marks
        ]


class Nchan(Server):
    name = "nchan"

    def missing(self) -> str | None:
        found = shutil.which("nginx") and NCHAN.exists()
        return None if found else "apt-get install nginx libnginx-mod-nchan"

    def command(self) -> list[str]:
        text = string.Template((PEERS / "nchan.conf").read_text())
        conf = BENCH / "nchan.conf"
        conf.write_text(text.substitute(module=NCHAN, folder=BENCH, port=self.port))
        return [shutil.which("nginx") or "nginx", "-e", "stderr", "-p", str(BENCH), "-c", str(conf)]

    def meet(self) -> None:
        super().meet()
        self._line = http.client.HTTPConnection("127.0.0.1", self.port)

    def publishers(self, marks: Iterable[int]) -> list[Publish]:
        return [partial(self._post, frame(mark)) for mark in marks]

    def _post(self, text: str) -> None:
        self._line.request("POST", "/publish", text)
        with self._line.getresponse() as answer:
            answer.read()


class Told(Server):
    """One of those that send what they are told in a line on a Unix socket."""

    def program(self) -> list[str]:
        raise NotImplementedError

    def command(self) -> list[str]:
        self._control = processes.sockets() / f"bench-{self.port}.sock"
        return [*self.program(), str(self.port), str(self._control)]

    def meet(self) -> None:
        super().meet()
        self._line = socket.socket(socket.AF_UNIX)
        while self._line.connect_ex(str(self._control)):
            time.sleep(0.05)

    def publishers(self, marks: Iterable[int]) -> list[Publish]:
        return [partial(self._line.sendall, frame(mark).encode() + b"\n") for mark in marks]


class Daphne(Told):
    name = "daphne alone"
    greetings = 1

    def command(self) -> list[str]:
        self._control = processes.sockets() / f"bench-{self.port}.sock"
        return [*daphne_on(self.port), "benchmarks.peers.daphne:application"]

    def environment(self) -> dict[str, str]:
        return {"CONTROL": str(self._control)}

    def meet(self) -> None:
        Server.meet(self)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port)) as line:
            line.request("GET", "/")
        super().meet()


class Node(Told):
    name = "node ws"

    def missing(self) -> str | None:
        if not shutil.which("node") or not shutil.which("npm"):
            return "apt-get install nodejs npm"
        if not self.modules().exists():
            command = ["npm", "install", "--silent", "--no-save", "--prefix", str(BENCH), "ws"]
            subprocess.run(command, check=False)
        return None if (self.modules() / "ws").exists() else "npm install ws, which failed"

    def modules(self) -> Path:
        return BENCH / "node_modules"

    def program(self) -> list[str]:
        return ["node", str(PEERS / "broadcast.js")]

    def environment(self) -> dict[str, str]:
        return {"NODE_PATH": str(self.modules())}


class Websockets(Told):
    name = "python websockets"

    def program(self) -> list[str]:
        return [sys.executable, "-m", "benchmarks.peers.broadcast"]


class Limit(Told):
    name = "the limit: a loop in C"

    def program(self) -> list[str]:
        return [str(BENCH / "limit")]


# The last one is what the others are compared with.
ALL: list[type[Server]] = [BookShelf, Fallback, Daphne, Tutorial, Nchan, Node, Websockets, Limit]
