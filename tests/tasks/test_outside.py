"""The one door to the Internet, from the side of those who would like to misuse it."""

import contextlib
import ipaddress
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler

import httpcore
import pytest
from pytest_django import Settings

from tasks.outside import NoAnswer, NotFound, Outside, Refused, Unreachable, is_public

from ..catalogue import Answer, Catalogue, status


def get(catalogue: Catalogue, path: str = "/thing", seconds: float = 5, most_bytes: int = 1000) -> bytes:
    with Outside(seconds) as outside:
        return outside.get(catalogue.url + path, most_bytes)


def test_an_answer_is_its_body(catalogue: Catalogue) -> None:
    catalogue.answer("/thing", status(200, b"body"))
    assert get(catalogue) == b"body"


def test_it_says_who_asks_and_whom_to_write_to(catalogue: Catalogue, settings: Settings) -> None:
    settings.SITE_URL, settings.SITE_CONTACT = "https://books.example", "ann@books.example"
    catalogue.answer("/thing", status(200))
    get(catalogue)
    assert catalogue.agents == ["BookShelf/1.0 (+https://books.example; ann@books.example)"]


def test_a_library_s_default_agent_would_be_refused(catalogue: Catalogue) -> None:
    catalogue.answer("/thing", status(200, b"body"))
    assert httpcore.request("GET", catalogue.url + "/thing").status == 403
    assert get(catalogue) == b"body"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(404, NotFound), (410, NotFound), (403, Refused), (429, Refused), (500, Unreachable), (503, Unreachable)]
    + [(204, Unreachable), (400, Unreachable)],
)
def test_the_outcomes_are_kept_apart(catalogue: Catalogue, code: int, outcome: type[NoAnswer]) -> None:
    catalogue.answer("/thing", status(code))
    with pytest.raises(outcome):
        get(catalogue)


@pytest.mark.parametrize(
    ("asked", "understood"), [("7", 7), ("", 0), ("soon", 0), ("-1", 0), ("9" * 99, 0), ("999999", 86400)]
)
def test_a_refusal_may_say_for_how_long(catalogue: Catalogue, asked: str, understood: float) -> None:
    catalogue.answer("/thing", status(429, Retry_After=asked))
    with pytest.raises(Refused) as refusal:
        get(catalogue)
    assert refusal.value.retry_after == understood


def test_a_refusal_may_say_until_when(catalogue: Catalogue) -> None:
    catalogue.answer("/thing", status(429, Retry_After=formatdate(time.time() + 120, usegmt=True)))
    with pytest.raises(Refused) as refusal:
        get(catalogue)
    assert 60 < refusal.value.retry_after <= 120


def test_a_redirect_within_the_catalogue_is_followed(catalogue: Catalogue) -> None:
    catalogue.answer("/thing", status(302, Location="/other"))
    catalogue.answer("/other", status(200, b"body"))
    assert get(catalogue) == b"body"


def test_redirects_end_somewhere(catalogue: Catalogue) -> None:
    catalogue.answer("/thing", status(302, Location="/thing"))
    with pytest.raises(Unreachable, match="more than 4 redirects"):
        get(catalogue)
    assert len(catalogue.asked) == 5


@pytest.mark.parametrize(
    "place",
    [
        "http://{other}/",  # another port of this very machine
        "http://localhost:{port}/",  # another name for it
        "http://0x7f.1:{port}/",
        "http://2130706433:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "https://archive.org.evil.example/",
        "https://evil.example/archive.org",
        "http://archive.org/x.jpg",  # not https
        "https://archive.org:22/",
        "https://user@evil.example/",
        "file:///etc/passwd",
        "gopher://{other}/",
        "//[",
        "http://[/",
        "/\xff",
    ],
)
def test_a_redirect_leads_nowhere_else(catalogue: Catalogue, place: str) -> None:
    with Catalogue() as other:
        port = catalogue.url.rpartition(":")[2]
        location = place.format(other=other.url.removeprefix("http://"), port=port)
        catalogue.answer("/thing", status(302, Location=location))
        with pytest.raises(Unreachable):
            get(catalogue)
        assert other.asked == []
        assert len(catalogue.asked) == 1


def test_google_is_nobody_s_host_without_a_key(google: Catalogue, settings: Settings) -> None:
    with Outside() as outside:
        assert outside.get_json(settings.GOOGLE_BOOKS_URL + "/volumes?key=x&q=x") == {
            "kind": "books#volumes",
            "totalItems": 0,
        }
    settings.GOOGLE_BOOKS_KEY = ""
    for url in (settings.GOOGLE_BOOKS_URL, settings.GOOGLE_COVERS_URL):
        with pytest.raises(Unreachable, match="not at a catalogue's host"), Outside() as outside:
            outside.get(url, 1000)
    assert len(google.asked) == 1


TROUBLES: list[Answer] = [
    *(status(code) for code in (204, 400, 403, 404, 429, 500)),
    status(200, b"no json"),
    status(200, b'"' + b"x" * 2_000_000 + b'"'),
    status(302, Location="/books/v1/volumes?key=open-sesame"),
    status(302, Location="https://evil.example/?key=open-sesame"),
    status(302, Location="http://[?key=open-sesame"),
    status(302, Location="http://h:x/?key=open-sesame"),
    status(302, Location="/\xff?key=open-sesame"),
    lambda handler: handler.connection.close(),
]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_trouble_says_the_key(google: Catalogue, settings: Settings, trouble: Answer) -> None:
    google.answer("/books/v1/", trouble)
    with pytest.raises(NoAnswer) as error, Outside() as outside:
        outside.get_json(f"{settings.GOOGLE_BOOKS_URL}/volumes?key={settings.GOOGLE_BOOKS_KEY}")
    assert str(error.value)
    assert settings.GOOGLE_BOOKS_KEY not in str(error.value)


def test_a_host_that_was_not_named_may_not_be_private(catalogue: Catalogue, settings: Settings) -> None:
    settings.EXPLICIT_CATALOGUES = []
    with pytest.raises(Unreachable, match="not a public address"):
        get(catalogue)
    assert catalogue.asked == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "100.64.0.1"]
    + ["::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1"]
    + ["2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "::127.0.0.1", "::ffff:0:127.0.0.1", "fec0::1"],
)
def test_addresses_that_are_nobody_s_on_the_internet(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["207.241.224.2", "::ffff:207.241.224.2", "2a00:1450:4001:81b::200e"])
def test_addresses_that_are_somebody_s(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_a_body_has_an_end(catalogue: Catalogue) -> None:
    catalogue.answer("/thing", status(200, b"x" * 1001))
    with pytest.raises(Unreachable, match="more than 1000 bytes"):
        get(catalogue)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65536)


def trickle_of_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-A: b\r\n")
        handler.wfile.flush()
        time.sleep(0.05)  # its slowness is what it is here for


def trickle_of_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)  # its slowness is what it is here for


def test_an_endless_body_is_left(catalogue: Catalogue) -> None:
    catalogue.answer("/thing", endless)
    with pytest.raises(Unreachable, match="more than 1000 bytes"):
        get(catalogue)


@pytest.mark.parametrize("slow", [trickle_of_headers, trickle_of_body])
def test_an_answer_byte_by_byte_ends_with_the_attempt(catalogue: Catalogue, slow: object) -> None:
    catalogue.answer("/thing", slow)  # type: ignore[arg-type]
    with pytest.raises(Unreachable):
        get(catalogue, seconds=0.5, most_bytes=10_000_000)


def test_silence_ends_with_the_attempt(catalogue: Catalogue) -> None:
    catalogue.hold()
    with pytest.raises(Unreachable):
        get(catalogue, seconds=0.5)


def test_nobody_there_is_unreachable(catalogue: Catalogue, settings: Settings) -> None:
    with Catalogue() as gone:
        settings.OPENLIBRARY_URL = gone.url
        settings.EXPLICIT_CATALOGUES = [gone.url]
    with pytest.raises(Unreachable), Outside() as outside:
        outside.get(gone.url, 1000)


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x00\xff no http at all\r\n\r\n")


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half")


@pytest.mark.parametrize("answer", [garbage, cut_short])
def test_what_is_no_http_is_unreachable(catalogue: Catalogue, answer: object) -> None:
    catalogue.answer("/thing", answer)  # type: ignore[arg-type]
    with pytest.raises(Unreachable):
        get(catalogue)


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"\xff", b"[" * 100_000, b"NaN", b"1" * 5000])
def test_what_is_no_json_is_unreachable_or_harmless(catalogue: Catalogue, body: bytes) -> None:
    catalogue.answer("/thing", status(200, body))
    with Outside() as outside, contextlib.suppress(Unreachable):
        assert not isinstance(outside.get_json(catalogue.url + "/thing"), dict)
