"""What it costs to tell everybody, beside others who do nothing else: latency, CPU, handshakes, memory, a burst.

    python -m benchmarks.fanout [name …] [--sizes 100 1000 10000] [--runs 3]

`make bench` builds what it needs and runs it. The server has one core, all else the other; the servers take turns in
each run. Prints a table for each number of sockets and keeps all figures in var/bench/. docs/benchmarks.md explains
them.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import resource
import select
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Self

import django

from tests.site import free_port

from . import ground

if TYPE_CHECKING:
    from types import TracebackType

    from benchmarks.servers import Server

SERVER_CORE, OTHER_CORE = 0, 1
BROADCASTS = 10
BURST = 50
BESIDE = 10.0  # seconds of broadcasts while pages are asked for
MOST_MARKS = 4096  # the load client's
PATIENCE = 300.0  # seconds for whatever is waited for
QUIET = 10.0  # seconds without a message, after which what is missing of a burst is lost
WARM_UP = 10  # sockets, which are told as often before anything counts
SPARE_FILES = 100


@dataclass(frozen=True)
class Cell:
    """One server with so many sockets, once."""

    server: str
    sockets: int
    run: int
    handshakes: float  # a second
    retries: int
    handshake_cpu: float  # µs
    resident: float  # KiB a socket
    told: float  # ms from before the publishing to the last socket, the median
    delivery_cpu: float  # µs
    burst: float  # deliveries a second
    lost: int  # deliveries, of all
    repeated: int
    kept_waiting: float  # % of the time of the broadcasts that others had the server's core
    page: float | None  # ms, while everybody is told; None where there is none


class Load:
    """The load client with its sockets, for the length of a `with` block."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._done: dict[int, int] = {}  # by mark, ns

    def __enter__(self) -> Self:
        command = [str(ground.BENCH / "load"), str(self.server.port), self.server.path, str(self.server.greetings)]
        # Unbuffered: what Python had read ahead, select would not know of.
        self._process = subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def stand_back(self) -> None:
        """Leave the core that they share to whoever asks for a page, for its wait is not to be theirs."""
        os.setpriority(os.PRIO_PROCESS, self._process.pid, 19)

    def ask(self, command: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{command}\n".encode())

    def read(self, patience: float) -> list[str]:
        """The words of the next line; broadcasts that are complete are remembered. Raises TimeoutError."""
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], max(patience, 0))[0]:
            raise TimeoutError
        words = self._process.stdout.readline().decode().split()
        if not words:
            raise RuntimeError("The load client has ended.")
        if words[0] == "done":
            self._done[int(words[1])] = int(words[2])
        return words

    def answer(self, name: str) -> list[int]:
        """The numbers of the next line of that name. Raises TimeoutError."""
        end = time.monotonic() + PATIENCE
        while (words := self.read(end - time.monotonic()))[0] != name:
            pass
        return [int(word) for word in words[1:]]

    def open(self, sockets: int, at_once: int | None = None) -> tuple[float, int]:
        """Seconds until all are open, and how many tries more that took. Raises TimeoutError."""
        seconds, retries = 0.0, 0
        for first in range(0, sockets, at_once or sockets):
            self.ask(f"open {min(at_once or sockets, sockets - first)}")
            begin, end, tries = self.answer("opened")
            seconds += (end - begin) / 1e9
            retries += tries
        return seconds, retries

    def complete(self, mark: int, patience: float = PATIENCE) -> int:
        """When the last socket had a mark, ns. Raises TimeoutError."""
        end = time.monotonic() + patience
        while mark not in self._done:
            self.read(end - time.monotonic())
        return self._done[mark]

    def complete_or_lost(self, mark: int) -> int:
        """The same of the last of a burst; where some of it does not come, when that was certain."""
        received = -1
        while received != (received := self.count()[0]):
            with contextlib.suppress(TimeoutError):
                return self.complete(mark, QUIET)
        return time.monotonic_ns()

    def count(self) -> tuple[int, int]:
        """Messages that were received, and how many of them twice or out of order."""
        self.ask("count")
        received, repeated, _ = self.answer("count")
        return received, repeated


# --- what the kernel says of a process -------------------------------------------------------------


def cpu(pid: int) -> tuple[float, float]:
    """Seconds that all its threads have run, and that they could have run but for others."""
    threads = [file.read_text().split() for file in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(ran) for ran, _, _ in threads) / 1e9, sum(int(waited) for _, waited, _ in threads) / 1e9


def resident(pid: int) -> int:
    """KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def settle(pid: int) -> None:
    """Wait until a process does next to nothing: what it does after the last socket is told counts, too."""
    end = time.monotonic() + PATIENCE
    before = -1.0
    while cpu(pid)[0] - before > 0.005 and time.monotonic() < end:
        before = cpu(pid)[0]
        time.sleep(0.1)


# --- measuring -------------------------------------------------------------------------------------


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    """A server that is started and warm."""
    server.start(SERVER_CORE)
    try:
        server.meet()
        with Load(server) as load:
            load.open(WARM_UP)
            for mark, publish in enumerate(server.publishers(range(WARM_UP))):
                publish()
                load.complete(mark)
        settle(server.process.pid)
        yield server
    finally:
        server.stop()


def measure(server: Server, sockets: int, run: int) -> Cell:
    """Raises TimeoutError where not all sockets are opened, or told of one thing at a time."""
    pid = server.process.pid
    with Load(server) as load:
        memory, (used, _) = resident(pid), cpu(pid)
        seconds, retries = load.open(sockets, server.at_once)
        settle(pid)
        (opened, waited), opened_memory = cpu(pid), resident(pid)

        told = []
        for mark in range(BROADCASTS):
            (publish,) = server.publishers([mark])
            begin = time.monotonic_ns()
            publish()
            told.append((load.complete(mark) - begin) / 1e6)
        settle(pid)
        broadcast, kept_waiting = cpu(pid)[0] - opened, cpu(pid)[1] - waited

        publishers = server.publishers(range(BROADCASTS, BROADCASTS + BURST))
        begin = time.monotonic_ns()
        for publish in publishers:
            publish()
        end = load.complete_or_lost(BROADCASTS + BURST - 1)
        received, repeated = load.count()
        page = waiting_for_a_page(server, load) if server.page else None
    before = sockets * BROADCASTS
    return Cell(
        server=server.name,
        sockets=sockets,
        run=run,
        handshakes=sockets / seconds,
        retries=retries,
        handshake_cpu=1e6 * (opened - used) / sockets,
        resident=(opened_memory - memory) / sockets,
        told=statistics.median(told),
        delivery_cpu=1e6 * broadcast / before,
        burst=1e9 * (received - before) / (end - begin),
        lost=sockets * (BROADCASTS + BURST) - (received - repeated),
        repeated=repeated,
        kept_waiting=100 * kept_waiting / (broadcast + kept_waiting),
        page=page,
    )


def waiting_for_a_page(server: Server, load: Load) -> float:
    """How long a page takes at the 99th percentile while everybody is told of one thing after the other, ms."""
    assert server.page
    load.stand_back()
    end = time.monotonic() + BESIDE

    def tell() -> None:
        for mark in range(BROADCASTS + BURST, MOST_MARKS):
            if time.monotonic() > end:
                return
            (publish,) = server.publishers([mark])
            publish()
            load.complete(mark)

    took = []
    with ThreadPoolExecutor() as elsewhere, contextlib.closing(HTTPConnection("127.0.0.1", server.port)) as line:
        told = elsewhere.submit(tell)
        while not told.done():
            begin = time.monotonic_ns()
            line.request("GET", server.page)
            line.getresponse().read()
            took.append((time.monotonic_ns() - begin) / 1e6)
            time.sleep(0.01)  # a reader now and then, not a load of its own
        told.result()
    return statistics.quantiles(took, n=100)[98]


# --- telling ---------------------------------------------------------------------------------------

FIGURES = ("told", "delivery_cpu", "handshakes", "handshake_cpu", "resident", "burst", "kept_waiting")
HEAD = """\
| {sockets:,} sockets | last told, ms | CPU, µs | handshakes/s | CPU, µs | KiB | burst/s | lost | page, ms | disturbed |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""


def medians(cells: list[Cell]) -> dict[str, float]:
    """Of the runs of one server with so many sockets; what is lost is added up."""
    result = {name: statistics.median(getattr(cell, name) for cell in cells) for name in FIGURES}
    pages = [cell.page for cell in cells if cell.page is not None]
    return result | {"lost": sum(cell.lost for cell in cells), "page": statistics.median(pages or [math.nan])}


def table(cells: list[Cell]) -> str:
    """In Markdown, the cells of one number of sockets. In brackets: how many times that of the last server."""
    by_server: dict[str, list[Cell]] = {}
    for cell in cells:
        by_server.setdefault(cell.server, []).append(cell)
    rows = {name: medians(runs) for name, runs in by_server.items()}
    least = list(rows.values())[-1]
    lines = [HEAD.format(sockets=cells[0].sockets)]
    for name, row in rows.items():
        times = {key: f"{row[key]:,.1f} ({row[key] / least[key]:.1f})" for key in ("told", "delivery_cpu")}
        lines.append(
            f"| {name} | {times['told']} | {times['delivery_cpu']} | {row['handshakes']:,.0f} | "
            f"{row['handshake_cpu']:.0f} | {row['resident']:.1f} | {row['burst']:,.0f} | {row['lost']:,.0f} | "
            f"{'–' if math.isnan(row['page']) else format(row['page'], '.0f')} | {row['kept_waiting']:.0f} |"
        )
    return "\n".join(lines)


def allow_files(wanted: int) -> bool:
    """Whether so many sockets may be open, here and in the children."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted += SPARE_FILES
    if hard != resource.RLIM_INFINITY and hard < wanted:
        return False
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return True


@contextlib.contextmanager
def site() -> Iterator[None]:
    """The site's settings on a folder of its own, its database and its Valkey: all but a web process."""
    os.environ.pop("DATABASE_URL", None)
    from tests import environment  # noqa: PLC0415 — it makes the folder, and forgets the operator's own settings

    os.environ |= {"PORT": str(free_port()), "DJANGO_SETTINGS_MODULE": "bookshelf.settings"}
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 — once the settings are there

    from bookshelf import launcher, processes  # noqa: PLC0415

    valkey = subprocess.Popen(processes.embedded_valkey(), stdout=subprocess.DEVNULL)
    try:
        launcher.until(launcher.valkey_answers, PATIENCE, "Valkey does not start.")
        call_command("migrate", interactive=False, verbosity=0)
        yield
    finally:
        valkey.terminate()
        valkey.wait()
        shutil.rmtree(environment.FOLDER)


def measure_all(names: list[str], sizes: list[int], runs: int) -> None:
    """Print a table for each size, and keep all figures in a file."""
    from benchmarks import servers  # noqa: PLC0415 — once the settings are there

    known = {kind.__name__.lower(): kind for kind in servers.ALL}
    if not known.keys() >= set(names):
        sys.exit(f"The servers are {', '.join(known)}.")
    chosen = [known[name] for name in known if not names or name in names]
    for kind in list(chosen):
        missing = kind().missing()
        if missing:
            print(f"{kind.name} is left out: {missing}")
            chosen.remove(kind)
    cells: list[Cell] = []
    for sockets in sizes:
        if not allow_files(sockets):
            print(f"{sockets:,} sockets are left out: `ulimit -Hn` is less.")
            continue
        these = []
        for run in range(runs):
            for kind in chosen:
                print(f"{sockets:,} sockets, run {run + 1} of {runs}: {kind.name}", file=sys.stderr)
                try:
                    with running(kind()) as server:
                        these.append(measure(server, sockets, run))
                except TimeoutError:
                    print(f"{kind.name}: not all of {sockets:,} sockets were opened and told within {PATIENCE:g} s.")
        if these:
            print(f"\n{table(these)}\n", flush=True)
        cells += these
    ground.keep("fanout", [asdict(cell) for cell in cells])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="bookshelf, limit …; all, if none")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000], help="numbers of sockets")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if not {SERVER_CORE, OTHER_CORE} <= os.sched_getaffinity(0):
        sys.exit("This needs two cores, one for the server alone.")
    os.sched_setaffinity(0, {OTHER_CORE})
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # by way of each `finally`
    with site():
        measure_all(options.names, options.sizes, options.runs)


if __name__ == "__main__":
    main()
