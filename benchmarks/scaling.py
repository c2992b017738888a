"""What 10,000, 1,000,000 and 10,000,000 open browsers take, from what one broadcast, one socket and one tick cost.

    python -m benchmarks.scaling              # the plan, from COSTS
    python -m benchmarks.scaling --measure    # what of COSTS this script measures itself, on this machine

docs/scaling.md has what comes out, and what follows from it.
"""

import argparse
import math
import multiprocessing
import os
import selectors
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from bookshelf import environment, valkey

from . import ground

BUSY = 0.5  # of a core, that a process may be busy with telling; the rest is for pages, handshakes and bad luck
MOST_SOCKETS = 10_000  # of one process: more were never measured
HEADERS = 66  # bytes of Ethernet, IP and TCP around a frame


@dataclass(frozen=True)
class Costs:
    """Of one machine. The first five are docs/benchmarks.md's, at 10,000 sockets; the others this script's."""

    delivery: float = 9.7e-6  # s of CPU, a message to a socket
    handshake: float = 484e-6  # s of CPU
    handshakes: float = 2_023  # a second, that a process greets
    socket: float = 18_125  # bytes of a process's memory
    post: float = 14.0e-3  # s of CPU of a worker
    process: float = 130e6  # bytes of a web process before its first socket
    frame: float = 1_500  # bytes of an update_notice with its card
    counts: float = 70  # bytes of a `counts`
    publish: float = 18.2e-6  # s of CPU of Valkey, a publish
    subscriber: float = 2.72e-6  # s of CPU of Valkey, for each process that hears it
    tick: float = 0.12e-3  # s of CPU of PostgreSQL, a hub's look at the head of the log
    notices: float = 450  # a second that PostgreSQL takes, one after the other


COSTS = Costs()


@dataclass(frozen=True)
class Load:
    """What so many open browsers do. Assumptions, not measurements: other sites have others."""

    browsers: int
    posts_each: float = 1 / 360_000  # a second: a post in a hundred hours of being there
    likes_of_a_post: float = 10  # and comments: each is a `counts`

    @property
    def posts(self) -> float:
        return self.browsers * self.posts_each


@dataclass(frozen=True)
class Plan:
    """`told`: broadcasts a second that reach a socket. `per_process`: sockets."""

    told: float
    per_process: int
    processes: int
    memory: float
    seconds_to_all: float
    valkey: float
    postgres: float
    notices: float
    workers: float
    network: float


def plan(load: Load, *, counts_to_all: bool, cost: Costs = COSTS) -> Plan:
    """With all that is said of posts told to everybody, as it is; or `counts` told only to pages that show the post, of
    which each shows twenty of those of the last minutes."""
    of_counts = load.posts * load.likes_of_a_post
    if not counts_to_all:
        of_counts = min(of_counts, 20 * load.likes_of_a_post / 600)
    told = load.posts + of_counts
    per_process = max(1, min(MOST_SOCKETS, int(BUSY / (told * cost.delivery))))
    processes = math.ceil(load.browsers / per_process)
    rung = load.posts * (1 + load.likes_of_a_post)  # the channel layer carries all to all processes
    return Plan(
        told=told,
        per_process=per_process,
        processes=processes,
        memory=processes * cost.process + load.browsers * cost.socket,
        seconds_to_all=per_process * cost.delivery,
        valkey=rung * (cost.publish + processes * cost.subscriber),
        postgres=processes / 2.5 * cost.tick,
        notices=load.posts / cost.notices,
        workers=load.posts * cost.post,
        network=load.browsers * (load.posts * (cost.frame + HEADERS) + of_counts * (cost.counts + HEADERS)) * 8,
    )


def show(loads: list[Load]) -> None:
    for counts_to_all in (True, False):
        print(f"\n`counts` to {'all' if counts_to_all else 'pages that show the post'}\n")
        print("| browsers | posts/s | told/s | sockets a process | processes | memory, GB | to the last, ms ", end="")
        print("| Valkey, cores | PostgreSQL, cores for ticks | of its notices | workers, cores | network, Gbit/s |")
        print("|---:" * 12 + "|")
        for load in loads:
            it = plan(load, counts_to_all=counts_to_all)
            print(
                f"| {load.browsers:,} | {load.posts:.2f} | {it.told:.2f} | {it.per_process:,} | {it.processes:,} "
                f"| {it.memory / 1e9:,.1f} | {it.seconds_to_all * 1000:,.0f} | {it.valkey:,.2f} | {it.postgres:,.2f} "
                f"| {it.notices:.1%} | {it.workers:,.2f} | {it.network / 1e9:,.2f} |"
            )


# --- what is measured here --------------------------------------------------------------------------


def measure_valkey() -> None:
    """CPU of Valkey for one publish of a notice, by how many hear it."""
    server = valkey.find_server()
    assert server, "There is no Valkey here."
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "valkey.sock"
        process = subprocess.Popen(valkey.command(server, place, Path(folder)), stdout=subprocess.DEVNULL)
        try:
            while not place.exists():
                time.sleep(0.01)
            found = {heard: publish_cost(place, heard) for heard in (1, 10, 100, 400)}
        finally:
            process.terminate()
            process.wait()
    for heard, cost in found.items():
        print(f"a publish that {heard} hear: {cost * 1e6:.1f} µs of Valkey")
    each = (found[400] - found[1]) / 399
    print(f"so {(found[1] - each) * 1e6:.1f} µs, and {each * 1e6:.2f} µs for each that hears it")


def publish_cost(place: Path, heard: int, messages: int = 3_000) -> float:
    listeners = selectors.DefaultSelector()
    for _ in range(heard):
        listener = socket.socket(socket.AF_UNIX)
        listener.connect(str(place))
        listener.sendall(b"SUBSCRIBE updates\r\n")
        listener.setblocking(False)
        listeners.register(listener, selectors.EVENT_READ)
    with redis.Redis(unix_socket_path=str(place)) as client:
        while client.pubsub_numsub("updates")[0][1] < heard:
            drain(listeners)
        before = used(client)
        for number in range(messages):
            client.publish("updates", b"x" * 1_700)
            if number % 20 == 0:
                drain(listeners)
        spent = used(client) - before
    for key in list(listeners.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    return spent / messages


def drain(listeners: selectors.BaseSelector) -> None:
    for key, _ in listeners.select(0):
        key.fileobj.recv(1 << 20)  # type: ignore[union-attr]


def used(client: Any) -> float:
    told = client.info("cpu")
    return float(told["used_cpu_user"] + told["used_cpu_sys"])


def measure_postgres() -> None:
    """CPU of PostgreSQL for one look of a hub at the head, and how many notices a second it takes."""
    with ground.cleared("bookshelf.settings", postgres=True):
        from django.core.management import call_command  # noqa: PLC0415 — once the settings are there
        from django.db import connection  # noqa: PLC0415

        from updater import log  # noqa: PLC0415

        environment.pool(connection.settings_dict)
        call_command("migrate", verbosity=0)
        log.head()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            postmaster = parent_of(cursor.fetchone()[0])
        connection.close()
        before, looks = cpu_of_all(postmaster), 500
        for _ in range(looks):
            log.head()
            connection.close()  # as a hub does
        print(f"a look at the head: {(cpu_of_all(postmaster) - before) / looks * 1e3:.2f} ms of PostgreSQL")
        began, seconds = time.monotonic(), 5.0
        with multiprocessing.get_context("spawn").Pool(4) as pool:
            done = pool.map(write_notices, [(number, seconds) for number in range(4)])
        print(f"{sum(done) / seconds:.0f} notices a second by four writers ({time.monotonic() - began:.0f} s in all)")


def write_notices(what: tuple[int, float]) -> int:
    import django  # noqa: PLC0415

    django.setup()
    from django.db import transaction  # noqa: PLC0415

    from updater import log  # noqa: PLC0415

    writer, seconds = what
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        with transaction.atomic():
            log.write(writer * 1_000_000 + count, {"title": "x", "html": "x" * 1_200})
        count += 1
    return count


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def cpu_of_all(postmaster: int) -> float:
    """Seconds, of the server and all the children that it has and had."""
    ticks = sum(map(int, Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()[11:15]))
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(postmaster):
            try:
                if parent_of(int(entry.name)) == postmaster:
                    ticks += sum(map(int, (entry / "stat").read_text().rpartition(")")[2].split()[11:13]))
            except FileNotFoundError:  # it has just ended
                continue
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--measure", action="store_true")
    if parser.parse_args().measure:
        measure_valkey()
        measure_postgres()
    else:
        show([Load(10_000), Load(1_000_000), Load(10_000_000)])


if __name__ == "__main__":
    main()
