"""The fast lane on the running site, and the same without it: what a client reads is whole, in order and bounded."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Server
from twisted.internet.testing import MemoryReactor
from twisted.python.failure import Failure
from websockets import Origin
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from updater.lane import MISSING, MOST_PENDING, Lane, fan_out, frame_of

from ..site import ROOT, Reader, Site, Web


@pytest.fixture(params=["lane", "ASGI"])
def web(request: pytest.FixtureRequest, site: Site) -> Iterator[Web]:
    with ExitStack() as stack:
        yield site if request.param == "lane" else stack.enter_context(site.another_web(FAST_LANE="no"))


@contextmanager
def slow_reader(web: Web) -> Iterator[Reader]:
    """One that takes next to nothing before it is asked to."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", web.port))
        address = f"ws://127.0.0.1:{web.port}/ws/update_notice/"
        with connect(address, sock=line, origin=Origin(web.url), proxy=None, max_queue=1) as connection:
            yield Reader(connection)


Tell = Callable[..., None]


@pytest.fixture(scope="module")
def tell(running_site: Site) -> Iterator[Tell]:
    """Everybody is sent so many messages of so many bytes."""
    code = """\
from updater.announce import signal
while words := input().split():
    for number in range(int(words[0])):
        signal({"type": "much", "number": number, "filler": "x" * int(words[1])})
    print("told", flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
        cwd=ROOT,
        env=running_site.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as teller:

        def tell(count: int, size: int = 40_000) -> None:
            print(count, size, file=teller.stdin, flush=True)
            assert teller.stdout
            assert teller.stdout.readline() == "told\n"

        yield tell
        print(file=teller.stdin, flush=True)


def test_nothing_that_the_lane_leans_on_is_missing(site: Site) -> None:
    assert MISSING == []
    with site.reader() as reader:
        reader.next()
    assert "Clients are told" not in site.log("web")


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 70000])
def test_a_frame_is_what_a_library_makes_of_the_text(size: int) -> None:
    text = "é" * (size // 2) + "x" * (size % 2)
    assert frame_of(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


failure: Any = Failure


class Line:
    """A lane on Twisted's transport and the kernel's socket; when the reactor has its turn the test decides."""

    def __init__(self, before: bytes = b"") -> None:
        self.ours, self.client = socket.socketpair()
        for end in (self.ours, self.client):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.client.setblocking(False)
        reactor: Any = MemoryReactor  # it and the transport carry hardly any types
        transport: Any = Server
        self.reactor = reactor()
        self.transport = transport(self.ours, Protocol(), ("127.0.0.1", 1), None, 1, self.reactor)
        self.transport.write(before)
        self.reproaches = 0
        self.lane = Lane(self.transport, self.transport.getHandle().send, self._reproach)
        self.read = b""
        self.end: Exception | None = None

    def _reproach(self) -> None:
        self.reproaches += 1

    def turn(self) -> None:
        """The reactor's: it writes where somebody has asked for it."""
        if self.transport in self.reactor.writers and (end := self.transport.doWrite()):
            self.end = end
            self.transport.connectionLost(failure(end))

    def take(self, size: int) -> None:
        with suppress(BlockingIOError):
            self.read += self.client.recv(size)

    def drain(self) -> None:
        while self.reactor.writers:
            self.take(1_000_000)
            self.turn()
        self.take(1_000_000)

    def close(self) -> None:
        self.client.close()
        self.ours.close()


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


sizes = st.one_of(st.integers(2, 200), st.integers(200, 20_000), st.just(100_000))
steps = st.one_of(
    st.tuples(st.sampled_from(["push", "fan_out", "write"]), sizes),
    st.tuples(st.just("take"), st.integers(1, 50_000)),
    st.tuples(st.just("turn"), st.none()),
)


@given(st.lists(steps, max_size=60))
@example([("fan_out", 100_000), ("take", 50_000), ("push", 10)])
@example([("push", 100_000), ("take", 50_000), ("fan_out", 10)])
def test_whoever_writes_and_whenever_the_client_reads_all_comes_whole_and_in_order(plan: list[tuple[str, int]]) -> None:
    line = Line()
    written = b""
    for number, (what, size) in enumerate(plan):
        frame = bytes((0x81, number)) + bytes((number,)) * ((size or 2) - 2)
        match what:
            case "push":
                line.lane.push(frame)
            case "fan_out":
                fan_out([line.lane], frame)
            case "write":
                line.lane.write(frame)
            case "take":
                line.take(size)
            case "turn":
                line.turn()
        if what in ("push", "fan_out", "write"):
            written += frame
    line.drain()
    assert line.read == written
    # And what comes next is the kernel's at once.
    line.lane.push(b"next")
    line.take(100)
    assert line.read == written + b"next"
    line.close()


def test_one_is_reproached_once_and_only_for_what_the_kernel_has_not(line: Line) -> None:
    frame = b"\x81" + b"x" * 99_999
    for _ in range(MOST_PENDING // len(frame)):
        line.lane.push(frame)
    assert line.reproaches == 0
    for _ in range(100):
        line.take(10_000)
        line.turn()
    line.lane.push(frame)
    assert line.reproaches == 0
    for _ in range(10):
        line.lane.push(frame)
    assert line.reproaches == 1


def test_after_a_close_frame_nothing_is_said(line: Line) -> None:
    line.lane.push(b"\x81" + b"x" * 100_000)
    line.lane.write(b"\x88\x02\x03\xe8")
    line.lane.push(b"more")
    fan_out([line.lane], b"more")
    line.drain()
    assert line.read == b"\x81" + b"x" * 100_000 + b"\x88\x02\x03\xe8"
    line.lane.push(b"more")
    line.take(10)
    assert line.read.endswith(b"\xe8")


def test_what_an_answer_before_the_handshake_has_left_comes_first() -> None:
    line = Line(before=b"HTTP/1.1 100 Continue")
    line.lane.write(b"HTTP/1.1 101 Switching Protocols")
    line.lane.push(b"hello")
    line.drain()
    assert line.read == b"HTTP/1.1 100 ContinueHTTP/1.1 101 Switching Protocolshello"
    assert not line.lane.busy
    line.close()


def test_a_client_that_closes_gets_first_what_waits_for_it(line: Line) -> None:
    line.lane.push(b"\x81" + b"x" * 200_000)
    line.lane.push(b"\x81last")
    line.lane.write(b"\x88\x02\x03\xe8")
    line.lane.unregisterProducer()  # as Autobahn's dropConnection does
    line.lane.loseConnection()
    line.drain()
    assert line.read == b"\x81" + b"x" * 200_000 + b"\x81last" + b"\x88\x02\x03\xe8"
    assert isinstance(line.end, ConnectionDone)


def test_of_one_that_is_aborted_nothing_is_kept(line: Line) -> None:
    line.lane.push(b"\x81" + b"x" * 200_000)
    line.lane.push(b"\x81last")
    line.lane.unregisterProducer()
    line.transport.connectionLost(failure(ConnectionLost()))
    assert not line.lane._waiting


def test_what_is_lost_takes_anything_and_says_nothing(line: Line) -> None:
    line.lane.push(b"\x81" + b"x" * 100_000)
    line.client.close()
    line.lane.push(b"more")
    line.transport.connectionLost(failure(ConnectionLost()))
    for _ in range(20):
        line.lane.push(b"x" * 100_000)
        fan_out([line.lane], b"more")
    assert line.reproaches == 0


def test_a_reader_that_stops_reading_is_closed_and_costs_nobody_else_anything(web: Web, tell: Tell) -> None:
    many = 25  # less than a MiB, so that one who does read is never behind
    with slow_reader(web) as slow, web.reader() as healthy:
        for reader in (slow, healthy):
            assert reader.next()["type"] == "hello"
        for _ in range(6):  # twice of what the kernel's buffers and a MiB of ours hold
            tell(many)
            assert [healthy.signal("much")["number"] for _ in range(many)] == list(range(many))
        messages, code = slow.rest()
        assert code == 4008
        # What it was told it was told in order, and that ended where the buffers were full.
        told = [message["number"] for message in messages]
        assert told == [number % many for number in range(len(told))]
        assert len(told) < 6 * many
        tell(many)
        assert [healthy.signal("much")["number"] for _ in range(many)] == list(range(many))


def test_a_reader_that_pauses_reads_on_where_it_was_with_nothing_torn(web: Web, tell: Tell) -> None:
    many = 64  # more than the kernel takes, and less than that and a MiB
    with slow_reader(web) as slow, web.reader() as healthy:
        for reader in (slow, healthy):
            assert reader.next()["type"] == "hello"
        tell(many)
        assert [healthy.signal("much")["number"] for _ in range(many)] == list(range(many))
        answers = [slow.connection.ping() for _ in range(20)]
        tell(3, size=10)
        assert [slow.signal("much")["number"] for _ in range(many + 3)] == [*range(many), *range(3)]
        for answer in answers:
            assert answer.wait(30)
        tell(1)
        assert slow.signal("much")["number"] == 0


def test_nothing_follows_a_close_frame(web: Web, tell: Tell) -> None:
    """Though its client does not answer it, and everybody else is told on and on."""
    many = 500
    with (
        socket.create_connection(("127.0.0.1", web.port), 30) as line,
        web.reader() as healthy,
        ThreadPoolExecutor() as elsewhere,
    ):
        line.sendall(HANDSHAKE.format(host=f"127.0.0.1:{web.port}").encode())
        said = b""
        while b"hello" not in said:
            said += line.recv(65536)
        elsewhere.submit(tell, many, size=10)
        healthy.signal("much", number=10)
        line.sendall(b"\xc1\x80\0\0\0\0")  # a text with a bit that nobody has agreed on
        with suppress(ConnectionResetError):  # a second later
            while more := line.recv(65536):
                said += more
        healthy.signal("much", number=many - 1)
    close = said.index((1002).to_bytes(2, "big")) - 2
    assert said[close] == 0x88
    assert len(said) == close + 2 + said[close + 1]


HANDSHAKE = (
    "GET /ws/update_notice/ HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
