"""What a reader that has stopped reading costs a thousand others: how long until the last of them is told.

    python -m benchmarks.slow_reader [rounds]

Rounds with and without it take turns. In each the same much is sent to one person alone; with it, that is at a socket
that nobody reads from, until the server has had enough. Prints milliseconds and how the socket ended.
"""

import asyncio
import contextlib
import os
import socket
import statistics
import sys
import time
from typing import Any

import django

from tests.catalogue import Catalogue
from tests.site import Site, Visitor

READERS = 1000
TOLD_IN_A_ROUND = 10
PERSONAL, FILLER = 25, "x" * 40_000  # messages before each that is timed, and what makes them large
HANDSHAKE = (
    "GET /ws/update_notice/ HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
)


class Reader(asyncio.Protocol):
    """Looks for one text in what it is sent."""

    def __init__(self) -> None:
        self.wanted = b'"hello"'
        self.tail = b""
        self.found = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.tail = self.tail[-100:] + data
        if self.wanted in self.tail and not self.found.done():
            self.found.set_result(time.perf_counter())

    def want(self, text: bytes) -> None:
        self.wanted = text
        self.found = asyncio.get_running_loop().create_future()


async def open_reader(site: Site) -> Reader:
    transport, reader = await asyncio.get_running_loop().create_connection(Reader, "127.0.0.1", site.port)
    transport.write(HANDSHAKE.format(host=f"127.0.0.1:{site.port}", more="").encode())
    await reader.found
    return reader


def stop_reading(site: Site, person: Visitor) -> socket.socket:
    """A person's socket that takes its greeting and nothing else."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", site.port))
    more = f"Cookie: {person.cookie_header()}\r\n"
    line.sendall(HANDSHAKE.format(host=f"127.0.0.1:{site.port}", more=more).encode())
    while b'"hello"' not in line.recv(4096):
        pass
    return line


async def one_round(readers: list[Reader], person: int, signal: Any, name: str) -> list[float]:
    """Milliseconds until the last reader is told, each time."""
    took = []
    for number in range(TOLD_IN_A_ROUND):
        for _ in range(PERSONAL):
            await asyncio.to_thread(signal, {"type": "filler", "filler": FILLER}, to=person)
        text = f"{name}-{number}"
        for reader in readers:
            reader.want(text.encode())
        begin = time.perf_counter()
        await asyncio.to_thread(signal, {"type": "bench", "text": text, "filler": "x" * 250})
        told = await asyncio.gather(*(reader.found for reader in readers))
        took.append(1000 * (max(told) - begin))
    return took


async def measure(site: Site, rounds: int) -> None:
    from django.contrib.auth.models import User  # noqa: PLC0415 — once the site's settings are there

    from updater.announce import signal  # noqa: PLC0415

    person = site.author()
    person_id = await asyncio.to_thread(User.objects.values_list("pk", flat=True).get, username=person.name)
    readers = [await open_reader(site) for _ in range(READERS)]
    without: list[float] = []
    beside: list[float] = []
    ends = []
    for number in range(rounds):
        without += await one_round(readers, person_id, signal, f"without-{number}")
        with await asyncio.to_thread(stop_reading, site, person) as line:
            beside += await one_round(readers, person_id, signal, f"beside-{number}")
            ends.append(await asyncio.to_thread(rest_of, line))
    for name, took in (("without", without), ("beside one that does not read", beside)):
        print(f"{name}: median {statistics.median(took):.0f} ms of {len(took)} ({min(took):.0f} to {max(took):.0f})")
    print(f"ratio of the medians: {statistics.median(beside) / statistics.median(without):.2f}")
    sent = PERSONAL * TOLD_IN_A_ROUND * len(FILLER) // 1024
    print(
        f"it was cut off with {statistics.median(ends) / 1024:.0f} KiB of {sent} on their way, the kernel's among them"
    )


def rest_of(line: socket.socket) -> int:
    """How many bytes still come before the end of the connection."""
    received = 0
    line.settimeout(10)  # seconds; an error where there is no end
    with contextlib.suppress(ConnectionResetError):
        while data := line.recv(65536):
            received += len(data)
    return received


def main(rounds: int) -> None:
    with Catalogue() as catalogue, Site(catalogue) as site:
        os.environ.update(site.environment, DJANGO_SETTINGS_MODULE="bookshelf.settings")
        django.setup()
        asyncio.run(measure(site, rounds))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
