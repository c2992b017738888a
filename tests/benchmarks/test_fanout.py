"""What the benchmark counts is what was sent. How long anything takes is no test."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from benchmarks import fanout
from tests.site import ROOT, free_port

SOCKETS = 20

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both C programs, which a compiler that looks closely has nothing to say about."""
    folder = tmp_path_factory.mktemp("built")
    for name in ("load", "limit"):
        source = ROOT / "benchmarks" / f"{name}.c"
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", folder / name, source], check=True)
    return folder


class Load:
    """The load client, line by line."""

    def __init__(self, program: Path, port: int, greetings: int) -> None:
        command = [str(program), str(port), "/ws/", str(greetings)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, line: str) -> None:
        assert self._process.stdin
        print(line, file=self._process.stdin, flush=True)

    def hear(self) -> list[str]:
        assert self._process.stdout
        line: str = self._process.stdout.readline()
        return line.split()

    def stop(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0


StartLoad = Callable[[int, int], Load]


@pytest.fixture
def start_load(built: Path) -> Iterator[StartLoad]:
    started = []

    def start(port: int, greetings: int) -> Load:
        load = Load(built / "load", port, greetings)
        started.append(load)
        return load

    yield start
    for load in started:
        load.stop()


@pytest.fixture
def limit(built: Path, tmp_path: Path) -> Iterator[tuple[int, socket.socket]]:
    """The least of servers: its port, and where it takes a line for all."""
    port, control = free_port(), tmp_path / "control"
    with subprocess.Popen([built / "limit", str(port), control]) as process, socket.socket(socket.AF_UNIX) as line:
        for address, probe in ((str(control), line), (("127.0.0.1", port), socket.socket())):
            while probe.connect_ex(address):
                assert process.poll() is None
                time.sleep(0.01)  # between two looks
        probe.close()
        yield port, line
        process.kill()


@needs_compiler
def test_the_load_client_counts_what_each_socket_is_sent(
    limit: tuple[int, socket.socket], start_load: StartLoad
) -> None:
    port, line = limit
    load = start_load(port, 0)
    load.say(f"open {SOCKETS}")
    opened, begin, end, retries = load.hear()
    assert (opened, retries) == ("opened", "0")
    assert int(begin) <= int(end) <= time.monotonic_ns()
    for mark in (0, 2, 3):  # and never 1
        before = time.monotonic_ns()
        line.sendall(f"mark={mark:04} {'x' * 290}\n".encode())
        done, number, at = load.hear()
        assert (done, number) == ("done", str(mark))
        assert before <= int(at) <= time.monotonic_ns()
    line.sendall(b"mark=2, which is short and late\nmark=4\n")
    assert load.hear()[:2] == ["done", "4"]
    load.say("count")
    assert load.hear() == ["count", str(5 * SOCKETS), str(SOCKETS), "0"]


@needs_compiler
def test_the_load_client_waits_for_greetings_and_answers_heartbeats(start_load: StartLoad) -> None:
    answers: list[str | bytes] = []
    answered = threading.Event()

    def greet(connection: ServerConnection) -> None:
        connection.send('{"type": "hello"}')
        assert connection.ping(b"are you there?").wait(60)
        connection.send('{"type": "heartbeat", "cursor": "0", "nonce": "0123456789abcdef"}')
        answers.append(connection.recv())
        answered.set()

    with serve(greet, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        load = start_load(server.socket.getsockname()[1], 1)
        load.say("open 1")
        assert load.hear()[0] == "opened"
        assert answered.wait(60)
        server.shutdown()
        thread.join()
    assert answers == ['{"pong": "0123456789abcdef"}']


CELL = fanout.Cell(
    server="one",
    sockets=100,
    run=0,
    handshakes=1000,
    retries=0,
    handshake_cpu=500,
    resident=20,
    told=4,
    delivery_cpu=10,
    burst=30_000,
    lost=0,
    repeated=0,
    kept_waiting=0,
    page=None,
)


def test_a_table_has_medians_what_was_lost_and_ratios_to_the_last() -> None:
    runs = [CELL, replace(CELL, run=1, told=8, lost=3), replace(CELL, run=2, told=900, lost=4)]
    least = replace(CELL, server="least", told=2, delivery_cpu=4, page=12.3)
    assert fanout.table([*runs, least]).splitlines()[2:] == [
        "| one | 8.0 (4.0) | 10.0 (2.5) | 1,000 | 500 | 20.0 | 30,000 | 7 | – | 0 |",
        "| least | 2.0 (1.0) | 4.0 (1.0) | 1,000 | 500 | 20.0 | 30,000 | 0 | 12 | 0 |",
    ]
