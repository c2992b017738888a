"""Posts about a book whose cover is kept by a server that means harm, all the way through the pipeline."""

import contextlib
import gzip
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from posts.models import Book, Outcome, Post
from posts.outbox import State
from tasks.enrich import enrich_post
from tasks.outside import SECONDS
from updater.models import Notice

from .. import bombs
from ..catalogue import Answer, Catalogue, isbn_of, json_of, picture, status
from ..conftest import MakePost

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]


# --- what the server does ----------------------------------------------------------------------------


def raw(*parts: bytes) -> Answer:
    """These very bytes, and then the end."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        for part in parts:
            handler.wfile.write(part)

    return answer


def again_and_again(start: bytes, part: bytes, pause: float = 0) -> Answer:
    """Never an end; `pause`: seconds between two parts."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        while True:
            handler.wfile.write(part)
            time.sleep(pause)  # its slowness is what it is here for

    return answer


def image(data: bytes, kind: str = "image/jpeg", **headers: str) -> Answer:
    return status(200, data, Content_Type=kind, **headers)


def head(length: int | str, code: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {code}\r\nContent-Length: {length}\r\n\r\n".encode()


def to(place: str, code: int = 302, body: bytes = b"") -> Answer:
    return status(code, body, Location=place)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"

# There is no cover, and that is the last word.
NO_PICTURES: dict[str, Callable[[], Answer]] = {
    "nothing": lambda: image(b""),
    "an SVG": lambda: image(SVG, "image/svg+xml"),
    "an SVG that is called a JPEG": lambda: image(SVG),
    "an SVG, compressed": lambda: image(gzip.compress(SVG), "image/svg+xml", Content_Encoding="gzip"),
    "HTML": lambda: image(HTML, "text/html"),
    "HTML that is called a JPEG": lambda: image(HTML),
    "HTML behind the first bytes of a GIF": lambda: image(b"GIF89a" + HTML, "image/gif"),
    "HTML behind the first bytes of a JPEG": lambda: image(b"\xff\xd8\xff\xe0" + HTML),
    "a BMP that is called a JPEG": lambda: image(picture(kind="BMP")),
    "a TIFF": lambda: image(picture(kind="TIFF"), "image/tiff"),
    "a PDF": lambda: image(picture(kind="PDF"), "application/pdf"),
    "an icon": lambda: image(picture(kind="ICO"), "image/x-icon"),
    "PostScript": lambda: image(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 400 600\n", "application/postscript"),
    "a picture, compressed": lambda: image(gzip.compress(picture()), Content_Encoding="gzip"),
    "a JPEG that is cut off": lambda: image(picture()[:-200]),
    "a PNG that is cut off": lambda: image(picture(kind="PNG")[:-200], "image/png"),
    "a WebP that is cut off": lambda: image(picture(kind="WEBP")[:-20], "image/webp"),
    "a GIF that is cut off": lambda: image(picture(kind="GIF")[:-200], "image/gif"),
    "a length that is too short": lambda: raw(head(500), picture()),
    "a GIF of 1 by 1": lambda: image(picture(1, 1, kind="GIF"), "image/gif"),
    "a PNG of 1 by 1": lambda: image(picture(1, 1, kind="PNG"), "image/png"),
    "a narrow stripe": lambda: image(picture(39, 600)),
    "a long stripe": lambda: image(bombs.png(41, 8001)),
    "a PNG of 144 million pixels": lambda: image(bombs.png(12_000, 12_000), "image/png"),
    "a PNG of more pixels than there are": lambda: image(bombs.empty_png(2**31 - 1), "image/png"),
    "a JPEG of 65,500 by 65,500": lambda: image(bombs.jpeg_of_sides(65_500, 65_500)),
    "a JPEG of 65,500 by 100": lambda: image(bombs.jpeg_of_sides(65_500, 100)),
    "a GIF of 65,535 by 65,535": lambda: image(bombs.gif_of_sides(65_535, 65_535), "image/gif"),
    "a JPEG that never comes to its end": lambda: image(bombs.many_passes()),
    "a text that unfolds to 50 MB": lambda: image(bombs.text_bomb(), "image/png"),
    "a profile that unfolds to 50 MB": lambda: image(bombs.profile_bomb(), "image/png"),
    "a hundred texts that unfold to a megabyte": lambda: image(bombs.many_texts(), "image/png"),
    "not found": lambda: status(404, picture()),
    "gone": lambda: status(410, picture()),
}

# No answer, or none that can be told from a mistake: it is asked for again, for as long as readers wait for the post.
NO_ANSWERS: dict[str, Answer] = {
    "it hangs up": raw(),
    "no HTTP": raw(b"\x00\xff no http at all\r\n\r\n"),
    "HTTP/0.9": raw(picture()),
    "another protocol from here on": raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", picture()),
    "nothing but promises": raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 9999),
    "a status of no known kind": raw(b"HTTP/1.1 999 Odd\r\n\r\n", picture()),
    "no content": status(204),
    "a part of it": status(206, picture()),
    "an error": status(500, picture()),
    "a body beyond the bound by one byte": image(bytes(5_000_001)),
    "a body without an end": again_and_again(OK + b"\r\n", bytes(65_536)),
    "chunks without an end": again_and_again(CHUNKED, b"10000\r\n" + bytes(65_536) + b"\r\n"),
    "a status line without an end": again_and_again(b"HTTP/1.1 200 ", b"O" * 65_536),
    "a header without an end": again_and_again(OK + b"X-A: ", b"a" * 65_536),
    "headers without an end": again_and_again(OK, b"X-A: a\r\n" * 9999),
    "a header of no known kind": raw(OK + b"\x00\x01\r\n\r\n", picture()),
    "a length that is too long": raw(head(999_999), picture()),
    "a length below zero": raw(head(-1), picture()),
    "a length beyond all numbers": raw(head("9" * 99), picture()),
    "a length that is none": raw(head("many"), picture()),
    "two lengths": raw(head("5\r\nContent-Length: 6"), picture()),
    "chunks that are none": raw(CHUNKED, b"zz\r\n", picture()),
    "a chunk below zero": raw(CHUNKED, b"-5\r\n", picture()),
    "a chunk beyond all numbers": raw(CHUNKED, b"f" * 30 + b"\r\n", picture()),
    "a redirect to itself": lambda handler: to(handler.path)(handler),
    "a redirect to nowhere": status(302),
    "a redirect of 100 kB": to("/" + "a" * 90_000),
    "a redirect with a body without an end": again_and_again(b"HTTP/1.1 302 No\r\nLocation: /\r\n\r\n", bytes(65_536)),
}

# Sides of this machine, and of the network around it, that nobody outside is to reach through us.
PLACES = [
    *("http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/", "http://0.0.0.0:{port}/"),
    *("http://2130706433:{port}/", "http://0x7f000001:{port}/", "http://0177.0.0.1:{port}/", "http://127.1:{port}/"),
    *("http://[::ffff:127.0.0.1]:{port}/", "http://[::127.0.0.1]:{port}/", "http://[64:ff9b::7f00:1]:{port}/"),
    *("http://[2002:7f00:1::]:{port}/", "http://[::]:{port}/", "http://127.0.0.1.:{port}/", "//127.0.0.1:{port}/"),
    *("http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/"),
    *("http://[fd00:ec2::254]/", "http://[fe80::1]/", "http://224.0.0.1/", "http://[ff02::1]/", "http://2852039166/"),
    *("https://127.0.0.1:{port}/", "https://archive.org:{port}/", "http://archive.org/", "http://ia1.us.archive.org/"),
    *("https://archive.org.evil.example/", "https://evil.example/archive.org", "https://us.archive.org.evil.example/"),
    *("https://archive.org@127.0.0.1:{port}/", "https://127.0.0.1:{port}\\@archive.org/", "https://xarchive.org/"),
    *("https://archive.org%2f@127.0.0.1:{port}/", "https://127.0.0.1:{port}#.us.archive.org", "https://archive.org./"),
    *("http://user:pass@{catalogue}@127.0.0.1:{port}/", "http://{catalogue}:80@127.0.0.1:{port}/", "https:///"),
    *("http://{catalogue}/ HTTP/1.1\r\n X: y", "http://{catalogue}\t@127.0.0.1:{port}/"),
    *("file:///etc/passwd", "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/_x", "data:image/png;base64,AAAA"),
    *("javascript:alert(1)", "ws://127.0.0.1:{port}/", "unix:///run/x.sock", "http://[", "http://[::1", "//["),
    *("http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://\xe4rchive.org/", "/\xff", "http://[v1.x]:{port}/"),
]

# What a name may turn out to stand for.
ADDRESSES = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254"),
    *("192.0.0.1", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.2.1"),
    *("::1", "::", "::ffff:127.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1"),
    *("2002:7f00:1::", "2001:0:7f00:1::", "fe80::1", "fe80::1%lo", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1"),
    *("2001:db8::1", "100::1"),
]


# --- what comes of it --------------------------------------------------------------------------------


def stored_files() -> set[str]:
    return {os.path.join(folder, name) for folder, _, names in os.walk(site_settings.MEDIA_ROOT) for name in names}


@contextlib.contextmanager
def nothing_stored() -> Iterator[None]:
    before = stored_files()
    yield
    assert stored_files() == before


@contextlib.contextmanager
def somebody_who_is_not_reached() -> Iterator[int]:
    """A port at every address of this machine, to which nobody connects within the block."""
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    address = "::" if family == socket.AF_INET6 else "0.0.0.0"
    with socket.create_server((address, 0), family=family, dualstack_ipv6=family == socket.AF_INET6) as server:
        server.setblocking(False)
        yield server.getsockname()[1]
        with pytest.raises(BlockingIOError):
            server.accept()


class Hostile:
    """Posts by what the server does with the cover of each one's book."""

    def __init__(self, catalogue: Catalogue, make_post: MakePost, settings: Settings) -> None:
        self.catalogue = catalogue
        self._make_post = make_post
        self._settings = settings
        self.posts: dict[str, Post] = {}

    def add(self, kind: str, answer: Answer) -> Post:
        number = len(self.posts)
        self.catalogue.add(isbn_of(number), cover=b"")
        self.catalogue.answer(self._cover_of(number), answer)
        self.posts[kind] = self._make_post(isbn=isbn_of(number))
        return self.posts[kind]

    def _cover_of(self, number: int) -> str:
        return f"/b/id/{5_546_156 + number}-"

    def asked(self, kind: str) -> int:
        """How often that cover has been asked for."""
        path = self._cover_of(list(self.posts).index(kind))
        return sum(asked.startswith(path) for asked in self.catalogue.asked)

    def came(self) -> dict[str, str]:
        """What comes of the next attempt for each, their back-off over."""
        Post.objects.filter(state=State.PENDING).update(not_before=timezone.now())
        return {kind: run(post) for kind, post in self.posts.items()}

    def reach_the_deadline(self) -> None:
        Post.objects.update(submitted_at=timezone.now() - timedelta(seconds=self._settings.ENRICH_DEADLINE))

    def assert_published_without_covers(self) -> None:
        assert not Post.objects.filter(published_at=None).exists()
        assert not Book.objects.exclude(cover_large="", cover_small="").exists()
        told = list(Notice.objects.values_list("content", flat=True))
        assert len(told) == len(self.posts)
        assert not [content for content in told if "<img" in content]


def run(post: Post) -> str:
    return str(enrich_post(post.pk)["came"])


@pytest.fixture
def hostile(catalogue: Catalogue, make_post: MakePost, settings: Settings) -> Hostile:
    return Hostile(catalogue, make_post, settings)


def test_what_is_no_picture_of_a_cover_is_never_stored_nor_asked_for_again(hostile: Hostile) -> None:
    for kind, answer in NO_PICTURES.items():
        hostile.add(kind, answer())
    with nothing_stored():
        assert hostile.came() == dict.fromkeys(NO_PICTURES, "published")
    hostile.assert_published_without_covers()
    assert set(Book.objects.values_list("cover_outcome", flat=True)) == {Outcome.NOT_FOUND}
    for kind, post in hostile.posts.items():
        post.submit()
        assert (run(post), hostile.asked(kind)) == ("published", 1), kind


def assert_tried_again_and_then_done_without(hostile: Hostile) -> None:
    with nothing_stored():
        for kind, came in hostile.came().items():
            assert came.startswith("postponed: "), kind
            assert len(came) < 3_000
        hostile.reach_the_deadline()
        asked = len(hostile.catalogue.asked)
        assert set(hostile.came().values()) == {"published without a cover, for now"}
        assert len(hostile.catalogue.asked) == asked
    hostile.assert_published_without_covers()
    assert set(Book.objects.values_list("cover_outcome", flat=True)) == {Outcome.UNREACHABLE}


def test_what_is_no_answer_is_done_without_at_the_deadline(hostile: Hostile) -> None:
    for kind, answer in NO_ANSWERS.items():
        hostile.add(kind, answer)
    assert_tried_again_and_then_done_without(hostile)


def test_a_redirect_reaches_nobody(hostile: Hostile) -> None:
    with somebody_who_is_not_reached() as port:
        for place in PLACES:
            location = place.format(port=port, catalogue=hostile.catalogue.url.removeprefix("http://"))
            hostile.add(place, to(location))
        assert_tried_again_and_then_done_without(hostile)
    for kind in hostile.posts:
        assert hostile.asked(kind) == 1, kind


def test_neither_does_one_of_another_kind_or_after_another(hostile: Hostile) -> None:
    with somebody_who_is_not_reached() as port:
        for code in (301, 302, 303, 307, 308):
            hostile.catalogue.answer(f"/first{code}", to(f"/second{code}", code))
            hostile.catalogue.answer(f"/second{code}", to(f"http://127.0.0.1:{port}/", code))
            hostile.add(f"two steps of {code}", to(f"/first{code}", code))
        assert_tried_again_and_then_done_without(hostile)
    for code in (301, 302, 303, 307, 308):
        assert f"/second{code}" in hostile.catalogue.asked


def test_servers_that_hardly_say_anything_are_left_when_the_time_of_the_attempt_is_over(hostile: Hostile) -> None:
    slow = {
        "one byte of the body a second": again_and_again(OK + b"\r\n", b"\xff", pause=1),
        "one byte of the headers a second": again_and_again(OK + b"X-A: ", b"a", pause=1),
        "one promise a second": again_and_again(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=1),
        "not a word": again_and_again(b"", b"", pause=1),
    }
    for kind, answer in slow.items():
        hostile.add(kind, answer)
    came: dict[str, str] = {}

    def work(kind: str) -> None:
        try:
            came[kind] = run(hostile.posts[kind])
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=[kind]) for kind in slow]
    with nothing_stored():
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(2 * SECONDS)
    assert set(came) == set(slow)
    assert all(text.startswith("postponed: ") for text in came.values())
    hostile.reach_the_deadline()
    assert set(hostile.came().values()) == {"published without a cover, for now"}
    hostile.assert_published_without_covers()


# --- names that stand for other addresses -------------------------------------------------------------


class Names:
    """The system's resolver, in which one name stands for what it is told: for the next of these each time."""

    def __init__(self, name: str, *answers: list[str]) -> None:
        self._name, self._answers = name, list(answers)
        self._system = socket.getaddrinfo
        self.questions = 0

    def __call__(self, host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host != self._name:
            return self._system(host, port, *args, **more)
        answer = self._answers[min(self.questions, len(self._answers) - 1)]
        self.questions += 1
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in answer
        ]


def test_a_name_that_stands_for_an_address_in_here_is_not_connected_to(
    catalogue: Catalogue, make_post: MakePost, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with somebody_who_is_not_reached() as port, nothing_stored():
        # Not named by the operator, as the real one is not: its address has to be public.
        settings.COVERS_URL = f"http://covers.example:{port}"
        names = Names("covers.example", *([address] for address in ADDRESSES))
        monkeypatch.setattr(socket, "getaddrinfo", names)
        for number, address in enumerate(ADDRESSES, 1):
            catalogue.add(isbn_of(number), cover=b"")
            came = run(make_post(isbn=isbn_of(number)))
            assert came == f"postponed: covers.example is at {address}, which is not a public address"
            assert names.questions == number


def test_one_address_in_here_among_others_is_enough(
    catalogue: Catalogue, make_post: MakePost, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue.add(isbn_of(1), cover=b"")
    with somebody_who_is_not_reached() as port:
        settings.COVERS_URL = f"http://covers.example:{port}"
        monkeypatch.setattr(socket, "getaddrinfo", Names("covers.example", ["207.241.224.2", "127.0.0.1"]))
        assert "covers.example is at 127.0.0.1" in run(make_post(isbn=isbn_of(1)))


def test_the_archive_s_names_are_believed_no_more_than_others(
    hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    for host in ("archive.org", "ia800100.us.archive.org", "x.y.us.archive.org"):
        post = hostile.add(host, to(f"https://{host}/download/cover.jpg"))
        monkeypatch.setattr(socket, "getaddrinfo", Names(host, ["127.0.0.1"]))
        assert run(post) == f"postponed: {host} is at 127.0.0.1, which is not a public address"


def test_a_name_that_stands_for_something_else_the_second_time_is_asked_about_once_for_each_connection(
    catalogue: Catalogue, make_post: MakePost, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first time for an address that is public and has nobody at it, from then on for this machine."""
    catalogue.add(isbn_of(1), cover=b"")
    with somebody_who_is_not_reached() as port, nothing_stored():
        settings.COVERS_URL = f"http://covers.example:{port}"
        names = Names("covers.example", ["192.88.99.1"], ["127.0.0.1"])
        monkeypatch.setattr(socket, "getaddrinfo", names)
        post = make_post(isbn=isbn_of(1))
        assert run(post).startswith(f"postponed: http://covers.example:{port}/b/id/")
        assert names.questions == 1
        Post.objects.update(not_before=timezone.now())
        assert run(post) == "postponed: covers.example is at 127.0.0.1, which is not a public address"
        assert names.questions == 2


def test_a_picture_that_is_fine_is_fine_from_the_same_server(hostile: Hostile) -> None:
    """Else the others would prove little."""
    turned = bombs.saved(Image.new("RGB", (600, 400)), "PNG")
    hostile.add("called a JPEG", image(turned))
    hostile.add("called a text", image(picture(), "text/html"))
    hostile.add("in chunks", raw(CHUNKED, b"%x\r\n%s\r\n0\r\n\r\n" % (len(turned), turned)))
    hostile.add("without a length", raw(OK + b"\r\n", turned))
    hostile.add("after four redirects", to("/1"))
    for number in (1, 2, 3):
        hostile.catalogue.answer(f"/{number}", to(f"/{number + 1}"))
    hostile.catalogue.answer("/4", image(turned))
    assert set(hostile.came().values()) == {"published"}
    assert set(Book.objects.values_list("cover_outcome", flat=True)) == {Outcome.FOUND}


# --- what catalogues say ------------------------------------------------------------------------------

ATTACK = "\u202e<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u2066\x1b[0m\x00\ud800" + "x" * 20_000


class Attributes(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}


@pytest.mark.parametrize("link", [ATTACK, "javascript:alert(1)", "https://evil.example/", ["x"], {"x": "y"}, 7])
@pytest.mark.parametrize("source", ["Open Library", "Google Books"])
def test_whatever_a_catalogue_says_of_a_book_is_words(
    make_post: MakePost, catalogue: Catalogue, google: Catalogue, client: Client, source: str, link: Any
) -> None:
    if source == "Open Library":
        more = {"key": link, "url": link, "ebooks": link, "cover": {"large": link, "small": link}, "subjects": link}
        more |= {"title": ATTACK, "authors": [{"name": ATTACK, "url": link}], "publish_date": ATTACK}
        catalogue.answer("/api/books", json_of({f"ISBN:{isbn_of(1)}": more}))
    else:
        more = {"imageLinks": {"thumbnail": link}, "canonicalVolumeLink": link, "infoLink": link, "subtitle": ATTACK}
        google.add_volume(ATTACK, ATTACK, isbn=isbn_of(1), publishedDate=ATTACK, description=ATTACK, **more)
    post = make_post(isbn=isbn_of(1))
    assert run(post) == "published"
    page = client.get(f"/posts/{post.pk}/", follow=True).content.decode()
    book = client.get(Book.objects.get().get_absolute_url()).content.decode()
    seen = Attributes()
    for html in (json.loads(Notice.objects.get().content or "")["html"], page, book):
        seen.feed(html)
    assert Book.objects.get().source_name == source
    assert len(Book.objects.get().title) == 300
    assert not {name for name in seen.names if name.startswith("on") or name == "style"}
    assert "img" not in seen.tags
    ours = re.compile(f"/|#|{re.escape(site_settings.SITE_URL)}/|https://(openlibrary.org|books.google.com)/")
    assert [place for place in seen.links if not ours.match(place)] == []
    assert "&lt;script&gt;" in book
    assert not {"\u202e", "\u2066", "\x1b", "\0", "\ud800"} & set(book)
