"""The live socket of the running site, as a client on the wire sees it."""

import contextlib
import json
import socket
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets import Origin
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from ..catalogue import picture
from ..site import Site, Visitor


@pytest.fixture(autouse=True)
def no_traceback(site: Site) -> Iterator[None]:
    """Whatever a client does, the server is not surprised."""
    log = site.var_dir / "log" / "web.log"
    before = log.stat().st_size
    yield
    with log.open() as file:
        file.seek(before)
        assert "Traceback" not in file.read()


@pytest.fixture
def author(site: Site) -> Visitor:
    return site.author()


def test_it_greets_with_the_place_where_it_starts(site: Site) -> None:
    with site.reader() as reader:
        hello = reader.next()
        assert hello == {"type": "hello", "cursor": site.visitor().get("/updates/").json["cursor"]}


def test_a_new_post_reaches_every_reader(site: Site, author: Visitor) -> None:
    with site.reader() as one, site.reader() as other:
        post_id = author.write("A title", "**A** text.", book_title="A book")
        for reader in (one, other):
            notice = reader.until(post_id)[-1]
            assert set(notice) == {"type", "cursor", "kind", "new_id", "title", "author", "url", "html"}
            assert (notice["kind"], notice["new_id"], notice["title"]) == ("published", post_id, "A title")
            assert notice["url"] == f"/posts/{post_id}/a-title/"
            assert notice["html"].startswith("<article ")


def test_the_card_on_the_wire_is_the_card_of_the_list(site: Site, author: Visitor) -> None:
    with site.reader() as reader:
        notice = reader.until(author.write("Same card"))[-1]
    assert notice["html"] in site.visitor().get("/").text


def test_a_page_s_cursor_replays_what_came_after_the_page(site: Site, author: Visitor) -> None:
    page = site.visitor().get("/").text
    since = page.partition('data-cursor="')[2].partition('"')[0]
    with site.reader() as witness:
        first, second = author.write("First"), author.write("Second")
        witness.until(second)
    with site.reader(since) as late:
        assert late.next() == {"type": "hello", "cursor": since}
        seen = {late.next()["new_id"], late.next()["new_id"]}
    assert seen == {first, second}


def test_a_copy_of_a_page_goes_on_from_its_own_cursor(site: Site, author: Visitor) -> None:
    """A browser that is told that its copy is good still shows the cursor that is in it."""
    reader = site.visitor()
    with site.reader() as witness:
        (notice,) = witness.until(author.write("The page"))
        page = reader.get(notice["url"])
        since = page.text.partition('data-cursor="')[2].partition('"')[0]
        other = author.write("News")
        witness.until(other)
    again = reader.get(notice["url"], **{"If-None-Match": page.headers["etag"]})
    assert (again.status, again.text) == (304, "")
    with site.reader(since) as late:
        assert late.next() == {"type": "hello", "cursor": since}
        assert late.next()["new_id"] == other


def test_a_reader_that_was_away_is_told_what_it_missed_in_order_and_once(site: Site, author: Visitor) -> None:
    with site.reader() as reader, site.reader() as witness:
        kept = author.write("Kept")
        cursor = reader.until(kept)[-1]["cursor"]
        reader.connection.close()
        gone, changed = author.write("Gone"), author.write("Changed")
        witness.until(changed)
        author.post(f"/posts/{kept}/edit/", title="Kept and changed", body="Five evenings.")
        witness.until(kept)
        author.post(f"/posts/{gone}/delete/")
        witness.until(gone)
    with site.reader(cursor) as back:
        assert back.next()["type"] == "hello"
        told = [back.next() for _ in range(3)]
    assert [(notice["kind"], notice["new_id"]) for notice in told] == [
        ("published", changed),
        ("changed", kept),
        ("removed", gone),
    ]
    assert told[1]["title"] == "Kept and changed"
    assert set(told[2]) == {"type", "cursor", "kind", "new_id"}


def test_an_author_s_sockets_alone_are_told_how_far_a_post_has_come(site: Site, author: Visitor) -> None:
    isbn = site.catalogue.add_new(cover=picture())
    stranger = site.author()
    with site.reader(person=author) as own, site.reader(person=stranger) as other, site.reader() as anonymous:
        for reader in (own, other, anonymous):
            assert reader.next()["type"] == "hello"
        post_id = author.write("Step by step", isbn=isbn)
        steps = []
        while "published" not in steps:
            message = own.signal("progress", new_id=post_id)
            assert set(message) == {"type", "new_id", "step", "detail"}
            steps.append(message["step"])
        assert steps == ["saved", "looking_up", "cover", "published"]
        last = author.write("The last")
        for reader in (other, anonymous):
            assert reader.next()["new_id"] == post_id
            assert reader.next()["new_id"] == last


def test_everybody_is_told_the_counts(site: Site, author: Visitor) -> None:
    fan = site.author()
    with site.reader() as reader:
        post_id = author.write("Liked")
        reader.until(post_id)
        for liked, path, fields in (
            (1, "like", {}),
            (0, "like", {}),
            (0, "comments", {"body": "Yes."}),
        ):
            assert fan.post(f"/posts/{post_id}/{path}/", **fields).status == 302
            comments = 1 if fields else 0
            message = reader.signal("counts", new_id=post_id, likes=liked, comments=comments)
            assert message == {"type": "counts", "new_id": post_id, "likes": liked, "comments": comments}


def test_polling_tells_the_same(site: Site, author: Visitor) -> None:
    with site.reader() as reader:
        since = reader.next()["cursor"]
        post_id = author.write("Twice told")
        notices = reader.until(post_id)
    polled = site.visitor().get(f"/updates/?since={since}").json
    assert polled["notices"] == notices
    assert polled["cursor"] == notices[-1]["cursor"]


def test_a_deleted_post_is_gone_from_what_is_told(site: Site, author: Visitor) -> None:
    with site.reader() as reader:
        since = reader.next()["cursor"]
        post_id = author.write("A secret title")
        reader.until(post_id)
        author.post(f"/posts/{post_id}/delete/")
        assert reader.until(post_id)[-1]["kind"] == "removed"
    assert "secret" not in site.visitor().get(f"/updates/?since={since}").text


FORGED = ["", "x", "-", "00000000-1", "📚", "EPOCH-", "EPOCH--1", "EPOCH-1-", "EPOCH-1-2", "EPOCH-1-1-1", "EPOCH-1x"]
FORGED += [
    "EPOCH-1\n",
    " EPOCH-1",
    "EPOCH-٣",
    "EPOCH-1e3",
    "EPOCH-0x1",
    "EPOCH-1.0",
    "EPOCH-1%00",
    "EPOCH-1\0",
    "epoch-1",
]
FORGED += [f"EPOCH-{number}" for number in (10**17, 2**31, 2**63, 2**64, 10**18, 10**30, "9" * 5000)]
FORGED += ["EPOCH-1' OR '1'='1", "x" * 10_000, "../../etc/passwd", "EPOCH-{{7*7}}", "<script>"]


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: repr(forged[:20]))
def test_a_cursor_of_no_use_is_a_reset_and_no_error(site: Site, forged: str) -> None:
    head = site.visitor().get("/updates/").json["cursor"]
    since = forged.replace("EPOCH", head.partition("-")[0])
    with site.reader(since) as reader:
        assert reader.next() == {"type": "hello", "cursor": head}
        assert reader.next() == {"type": "reset"}
    polled = site.visitor().get(f"/updates/?{urlencode({'since': since})}")
    assert (polled.status, polled.json) == (200, {"cursor": head, "notices": [], "reset": True})


@pytest.mark.xdist_group("clock")
def test_it_asks_who_reads_and_closes_who_does_not_answer(site: Site) -> None:
    """The one test that waits for the clock: 25 s until the question, 20 s for the answer."""
    with site.reader() as answering, site.reader() as silent:
        for reader in (answering, silent):
            reader.next()
        question = answering.signal("heartbeat")  # an earlier test's post may come first
        assert set(question) == {"type", "cursor", "nonce"}
        answering.connection.send(json.dumps({"pong": question["nonce"]}))
        asked = silent.signal("heartbeat")
        assert asked["nonce"] != question["nonce"]
        silent.connection.send(json.dumps({"pong": "a guess"}))
        assert silent.closed() == 4008
        # Far beyond the 12 s after which the other channel layer drops idle sockets.
        assert answering.signal("heartbeat")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "x",
        "{}",
        "[]",
        "null",
        '"pong"',
        '{"pong": 1}',
        '{"pong": null}',
        '{"pong": "a", "b": 1}',
        '{"type": "notice"}',
        '{"type": "update_notice", "new_id": 1}',
        "[" * 4000,
        '{"pong": "' + "x" * 4096 + '"}',
        '{"pong": "' + "é" * 2048 + '"}',
        b"",
        b'{"pong": "a"}',
    ],
    ids=repr,
)
def test_whoever_says_anything_but_a_pong_is_sent_away(site: Site, message: str | bytes) -> None:
    with site.reader() as bystander, site.reader() as reader:
        for each in (bystander, reader):
            assert each.next()["type"] == "hello"
        reader.connection.send(message)
        assert reader.closed() == 4502
        with pytest.raises(TimeoutError):
            bystander.next(timeout=0.05)  # nothing that a client says reaches another


def test_a_flood_of_pongs_is_no_answer(site: Site) -> None:
    with site.reader() as bystander, site.reader() as reader:
        with contextlib.suppress(ConnectionClosed):  # it may come while there is more to say
            for _ in range(10_000):
                reader.connection.send('{"pong": "a"}')
        # What arrives at a connection that is closed resets it, and that may overtake the code (RFC 1122, 4.2.2.13).
        assert reader.closed() in (4502, None)
        assert bystander.next()["type"] == "hello"


MASK = b"\0\0\0\0"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (struct.pack("!BB", 0x81, 0x80 | 2) + MASK + b"\xc3\x28", 1007),
        (struct.pack("!BB", 0x81, 0x80 | 1) + MASK + b"\xff", 1007),
        (struct.pack("!BBQ", 0x81, 0x80 | 127, 1024 * 1024 + 1) + MASK, 1009),
        (struct.pack("!BBQ", 0x81, 0x80 | 127, 2**63 - 1) + MASK, 1009),
        (struct.pack("!BB", 0x83, 0x80 | 1) + MASK + b"x", 1002),  # no such opcode
        (struct.pack("!BB", 0x81, 1) + b"x", 1002),  # not masked
        (struct.pack("!BB", 0xF1, 0x80 | 1) + MASK + b"x", 1002),  # reserved bits
        (struct.pack("!BB", 0x89, 0x80 | 126) + b"\0\x7e" + MASK + b"x" * 126, 1002),  # too long a ping
    ],
    ids=["half a character", "no character", "1 MiB and a byte", "2**63 - 1", "opcode", "mask", "reserved", "ping"],
)
def test_what_is_no_websocket_ends_with_the_protocol_s_own_code(site: Site, frame: bytes, code: int) -> None:
    with site.reader() as reader:
        reader.next()
        reader.connection.socket.sendall(frame)
        assert reader.closed() == code


def refused(site: Site, path: str = "/ws/update_notice/", origin: str | None = None, **more: Any) -> int:
    with (
        pytest.raises(InvalidStatus) as refusal,
        connect(f"ws://127.0.0.1:{site.port}{path}", origin=Origin(origin) if origin else None, proxy=None, **more),
    ):
        pass
    return refusal.value.response.status_code


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "https://evil.example:8000"]
)
def test_a_page_of_another_site_is_refused(site: Site, origin: str | None) -> None:
    assert refused(site, origin=origin) == 403


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/update_notice", "/ws/other/", "/posts/new/"])
def test_no_other_path_takes_sockets(site: Site, path: str) -> None:
    assert refused(site, path, origin=site.url) == 403


def test_half_handshakes_harm_nobody(site: Site, author: Visitor) -> None:
    request = b"GET /ws/update_notice/ HTTP/1.1\r\nUpgrade: websocket\r\n"
    with contextlib.ExitStack() as lines:
        for length in range(len(request)):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", site.port)))
            line.sendall(request[:length])
        with site.reader() as reader:
            assert reader.until(author.write("Whole"))


HANDSHAKE = (
    b"GET /ws/update_notice/ HTTP/1.1",
    b"Host: HOST",
    b"Origin: http://HOST",
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


def shaken(site: Site, lines: tuple[bytes, ...]) -> bytes:
    """The first line of the answer to a handshake."""
    host = f"127.0.0.1:{site.port}".encode()
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as line:
        line.sendall(b"\r\n".join(lines).replace(b"HOST", host) + b"\r\n\r\n")
        return line.makefile("rb").readline()


def test_a_handshake_as_it_should_be_is_taken(site: Site) -> None:
    assert shaken(site, HANDSHAKE).startswith(b"HTTP/1.1 101")


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        (4, b"Connection: close"),
        (5, b"Sec-WebSocket-Version: 1"),
        (5, b"Sec-WebSocket-Version: x"),
        (6, b"Sec-WebSocket-Key: short"),
        (6, b"X: " + b"y" * 8000),
        (2, b"Origin: \xff"),
        (2, b"Origin: http://HOST\r\nOrigin: http://evil.example"),
        (2, b"Cookie: sessionid=\xff\x00"),
    ],
)
def test_a_crooked_handshake_is_refused(site: Site, line: int, instead: bytes) -> None:
    lines = HANDSHAKE[:line] + (instead,) + HANDSHAKE[line + 1 :]
    assert shaken(site, lines).split()[1:2] in ([b"400"], [b"403"], [b"426"])


@pytest.mark.parametrize("key", [b"\xc3\xa9", b"x" * 5000, b"'; --", b"%00", b'"\\000a"', b""])
def test_a_cookie_that_is_nobody_s_is_a_reader_like_any_other(site: Site, key: bytes) -> None:
    assert shaken(site, (*HANDSHAKE, b"Cookie: sessionid=" + key)).startswith(b"HTTP/1.1 101")
