"""Whatever is sent to whichever address, by whomever: an answer, and never that something went wrong here.

`FUZZ_EXAMPLES=20000 python -m pytest tests/test_fuzz.py --timeout 0` tries so many of each kind.
"""

import asyncio
import contextlib
import os
import re
import socket
import sys
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.core.signals import got_request_exception, request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from bookshelf.handler import Http
from posts.models import Book, Comment, Import, Post

from .conftest import MakePost
from .site import Site

pytestmark = pytest.mark.django_db

http = Http()
fuzz = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")),
    # Of what the fixtures have made every example finds the same: what it does is rolled back.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def words(text: str) -> list[str]:
    return text.split()


# --- what is sent -----------------------------------------------------------------------------------

# A post that is published and a book, and a post that waits; beyond what any sequence has counted to.
OURS, WAITING = 1_000_000_001, 1_000_000_002
NUMBERS = [
    *("0", "1", "2", "-1", "01", "1.0", "1e9", "0x1", "٣", "²", "NaN", "inf", "None", "true", "", " 1 ", "1,2,3")
]
NUMBERS += [str(OURS), str(WAITING)] * 4
NUMBERS += [str(2**power + more) for power in (15, 31, 32, 53, 63, 64) for more in (-1, 0, 1)]
NUMBERS += ["9" * 17, "9" * 18, "9" * 19, "9" * 30, "9" * 400, "9" * 5000, "1-1", "1" * 17 + "-" + "9" * 18, "0-0"]
TEXTS = [*("\0", "a\0b", "\x01\x1b[0m", "\r\n", "a\r\nX: y", "\u202eabc", "\u200b", "\ufeff", "\uffff", "📚" * 99)]
TEXTS += [
    *("e\u0301" + "\u0301" * 150, "ﷺ" * 99, "I" * 999, "ß", "\u0130", "x" * 20_001, "\u2028", "\x85", "%00", "%", "%zz")
]
TEXTS += [
    *("'", '"', "<script>", "{{ 1 }}", "{% x %}", "../../etc/passwd", "//evil.example", "javascript:1", "http://[")
]
TEXTS += [
    *("9780980200447", "0-9802004-4-X", "٩٧٨٠٩٨٠٢٠٠٤٤٧", "x" * 300 + "@example.org", "a@b.c", "ann", "\udcff", "on")
]
TEXTS += [
    *(
        "[" * 999,
        "> " * 999,
        "*a " * 999,
        "`" * 999,
        "- " * 999 + "a",
        "[a](" * 500,
        "![" * 500,
        "&#0;&#xD800;&#x110000;",
    )
]

numbers = st.sampled_from(NUMBERS) | st.integers().map(str)
texts = st.text(max_size=40) | st.sampled_from(TEXTS) | numbers
# Of the bytes that a header can hold.
header_texts = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=60) | st.sampled_from(
    [text for text in TEXTS + NUMBERS if text.isascii() and "\0" not in text]
)

FIELDS = words("""
    title body spoiler tags book_title book_author isbn key draft replaces keep preview liked next username email
    password1 password2 login password oldpassword remember action_primary action_add action_remove action_send code
    action _selected_action select_across post index _save _continue _saveasnew name author year cover_id source_url
    is_active wish file all_rows reason deed csrfmiddlewaretoken first_name date_joined_0 date_joined_1 groups
    user_permissions
""")
QUERY = words("""
    before after only ids since next q o p e all _facets _to_field _popup _changelist_filters created_at__year
    created_at__month created_at__day state__exact step outcome id__exact pk author__username title__regex
    body__icontains app_label model_name field_name term key
""")
HEADERS = words("""
    accept accept-language accept-encoding if-none-match if-modified-since range referer origin host
    x-forwarded-for x-forwarded-proto x-forwarded-host x-requested-with cookie x-csrftoken user-agent
    authorization content-encoding x-http-method-override if-match if-unmodified-since expect upgrade
""")
COOKIES = ["sessionid", "csrftoken", "messages", "saved", "a"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
ACCEPTS = ["text/html", "application/json", "*/*;q=x", "text/html; a*=no'en'x", ";;", "a/b;" + "c=d;" * 99, "text/*"]
CONTENT_TYPES = [*("application/json", "text/plain; charset=nothing", "multipart/form-data", "a; b*=no'en'c", "")]
CONTENT_TYPES += [
    "multipart/form-data; boundary=" + "x" * 300,
    "multipart/form-data; boundary=\xe4",
    "application/x-www-form-urlencoded; charset=utf-7",
]


def patterns(resolver: URLResolver, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Of every address of the site the patterns that it is made of."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, (*before, pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield (*before, pattern.pattern)


ADDRESSES = list(patterns(get_resolver()))


def part(pattern: Any) -> st.SearchStrategy[str]:
    """What agrees with a pattern, more or less."""
    if not isinstance(pattern, RoutePattern):
        return st.from_regex(pattern.regex, fullmatch=True).map(quoted)
    pieces = re.split(r"(<[^>]*>)", str(pattern))
    return st.tuples(*(filling(piece) if piece.startswith("<") else st.just(piece) for piece in pieces)).map("".join)


def filling(converter: str) -> st.SearchStrategy[str]:
    return (numbers if converter.startswith(("<int", "<id")) else texts).map(quoted)


def quoted(text: str) -> str:
    return quote(text, safe="/", errors="surrogatepass")


addresses = st.sampled_from(ADDRESSES).flatmap(lambda parts: st.tuples(*map(part, parts)).map("".join)) | texts.map(
    quoted
)
queries = st.lists(st.tuples(st.sampled_from(QUERY) | texts, texts), max_size=3).map(
    lambda pairs: urlencode(pairs, errors="surrogatepass")
)
fields = st.dictionaries(st.sampled_from(FIELDS), texts, max_size=6)
part_headers = (
    st.sampled_from(["", '; filename="a.png"', "; filename*=no'en'x", "; filename*=utf-8'en'%ff", "; filename"])
    | header_texts
)


def multipart(parts: list[tuple[str, str, str, str]]) -> bytes:
    lines: list[str] = []
    for name, filename, header, value in parts:
        lines += [f"--{BOUNDARY}", f'Content-Disposition: form-data; name="{name}"{filename}', header, "", value]
    return "\r\n".join([*lines, f"--{BOUNDARY}--", ""]).encode(errors="surrogatepass")


multiparts = st.lists(st.tuples(st.sampled_from(FIELDS) | texts, part_headers, part_headers, texts), max_size=5)
bodies = st.one_of(
    fields.map(lambda form: (urlencode(form, errors="surrogatepass").encode(), "application/x-www-form-urlencoded")),
    multiparts.map(lambda parts: (multipart(parts), MULTIPART_CONTENT)),
    st.tuples(st.binary(max_size=99), st.sampled_from([*CONTENT_TYPES, MULTIPART_CONTENT]) | header_texts),
)
cookies = st.tuples(st.sampled_from(COOKIES), header_texts).map("=".join)
headers = st.dictionaries(
    st.sampled_from(HEADERS), header_texts | st.sampled_from(ACCEPTS) | st.lists(cookies).map("; ".join), max_size=3
)

# --- who sends it -----------------------------------------------------------------------------------

TOKEN = "a" * 32


class Sender:
    """Somebody's browser that sends anything, to the application as daphne calls it."""

    def __init__(self, person: User | None) -> None:
        self._cookies = f"csrftoken={TOKEN}"
        if person:
            client = Client()
            client.force_login(person)
            self._cookies += f"; sessionid={client.cookies['sessionid'].value}"

    def send(self, method: str, address: str, body: tuple[bytes, str], headers: dict[str, str]) -> int:
        """The status. Raises what the site does not catch, and undoes what it did."""
        data, content_type = body
        path, _, query = address.partition("?")
        told = {"host": "localhost", "cookie": self._cookies, "x-csrftoken": TOKEN, "content-type": content_type}
        told |= {"content-length": str(len(data))} | headers
        if "cookie" in headers:
            told["cookie"] = f"{headers['cookie']}; {self._cookies}"
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "query_string": query.encode("latin-1"),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in told.items()],
            "client": ["127.0.0.1", 50_000],
        }
        self._errors: list[BaseException] = []
        got_request_exception.connect(self._note)
        try:
            with transaction.atomic():
                status = async_to_sync(answered)(scope, data)
                transaction.set_rollback(True)
        finally:
            got_request_exception.disconnect(self._note)
        for error in self._errors:
            raise error
        return status

    def _note(self, **signal: Any) -> None:
        error = sys.exc_info()[1]
        assert error
        self._errors.append(error)


async def answered(scope: dict[str, Any], data: bytes) -> int:
    messages = iter([{"type": "http.request", "body": data}])
    sent: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        for message in messages:
            return message
        return await asyncio.Future()  # nothing more: the connection stays

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await http.handle(scope, receive, send)  # in this thread, whose transaction it is to see
    status: int = sent[0]["status"]
    return status


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Requests leave the test's own connection open, and its transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def people(
    one_connection: None, ann: User, bob: User, make_published: MakePost, make_post: MakePost, settings: Settings
) -> dict[str, Sender]:
    """Of whom there are posts, a book and a comment; and an account that can be suspended."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.POSTS_PER_HOUR = 3
    book = Book.objects.create(pk=OURS, key="isbn:9780980200447", isbn="9780980200447", title="Slow reading")
    post = make_published(pk=OURS, book=book)
    make_post(pk=WAITING)
    Comment.objects.create(pk=OURS, post=post, author=ann, body="Yes.", html="<p>Yes.</p>")
    Import.objects.create(pk=OURS, person=ann, state="failed")
    User.objects.create_user("max", pk=OURS)
    root = User.objects.create_superuser("root")
    return {"a stranger": Sender(None), "an author": Sender(ann), "a reader": Sender(bob), "an operator": Sender(root)}


def test_the_senders_are_who_they_are(people: dict[str, Sender]) -> None:
    """Else the others would prove little."""

    def seen(address: str, method: str = "GET", **fields: str) -> list[int]:
        body = (urlencode(fields).encode(), "application/x-www-form-urlencoded")
        return [sender.send(method, address, body, {}) for sender in people.values()]

    assert seen("/mine/") == [302, 200, 200, 200]
    assert seen(f"/posts/{OURS}/edit/") == [302, 200, 404, 404]
    assert seen(f"/posts/{OURS}/comments/{OURS}/edit/", "POST", body="No.") == [302, 302, 404, 404]
    assert seen("/posts/new/", "POST", title="a", body="b") == [302, 302, 302, 302]
    assert seen(f"/admin/posts/post/{OURS}/change/") == [302, 302, 302, 200]
    assert Post.objects.count() == 2


@pytest.mark.parametrize("who", ["a stranger", "an author", "an operator"])
@fuzz
@given(data=st.data())
def test_nothing_that_is_sent_is_an_error(people: dict[str, Sender], who: str, data: st.DataObject) -> None:
    address = "/" + data.draw(addresses) + "?" + data.draw(queries)
    method = data.draw(st.sampled_from(METHODS))
    assert people[who].send(method, address, data.draw(bodies), data.draw(headers)) < 500


FORMS: dict[str, dict[str, str]] = {
    "/posts/new/": {
        "title": "a",
        "body": "b",
        "spoiler": "on",
        "book_title": "c",
        "book_author": "d",
        "isbn": "",
        "key": "k",
    },
    f"/posts/{OURS}/edit/": {"title": "a", "body": "b", "book_title": "c", "book_author": "d", "isbn": ""},
    f"/posts/{OURS}/comments/": {"body": "a", "key": "k", "draft": "abc"},
    f"/posts/{OURS}/comments/{OURS}/edit/": {"body": "a", "draft": "abc"},
    f"/posts/{OURS}/like/": {"liked": "true"},
    f"/posts/{OURS}/delete/": {},
    f"/books/{OURS}/interest/": {"wish": "mute"},
    f"/posts/{OURS}/interest/": {"wish": "mute"},
    "/notifications/read/": {},
    "/mine/export/": {},
    "/mine/import/": {"all_rows": "on"},
    f"/mine/import/{OURS}/retry/": {},
    f"/report/posts/{OURS}/": {"reason": "a"},
    f"/report/posts/{OURS}/comments/{OURS}/": {"reason": "a"},
    f"/moderation/posts/{OURS}/": {"deed": "hide", "reason": "a"},
    f"/moderation/comments/{OURS}/": {"deed": "hide", "reason": "a"},
    f"/moderation/people/{OURS}/": {"deed": "suspend", "reason": "a"},
    "/accounts/signup/": {"username": "eve", "email": "eve@example.org", "password1": "correct horse battery"},
    "/accounts/login/": {"login": "ann", "password": "correct horse battery", "remember": "on", "next": "/"},
    "/accounts/logout/": {"next": "/"},
    "/accounts/email/": {"email": "eve@example.org", "action_add": "", "action_primary": "", "action_remove": ""},
    "/accounts/password/change/": {"oldpassword": "correct horse battery", "password1": "abc", "password2": "abc"},
    "/accounts/password/set/": {"password1": "abc", "password2": "abc"},
    "/accounts/reauthenticate/": {"password": "correct horse battery", "next": "/"},
    f"/admin/posts/post/{OURS}/change/": {"title": "a", "body": "b", "book_title": "", "book_author": "", "isbn": ""},
    f"/admin/posts/book/{OURS}/change/": {"title": "a", "author": "b", "isbn": "", "year": "1972", "cover_id": "7"},
    f"/admin/posts/comment/{OURS}/change/": {"body": "a", "_save": ""},
    "/admin/posts/post/": {"action": "submit_again", "_selected_action": str(OURS), "index": "0", "select_across": "0"},
    "/admin/auth/user/add/": {"username": "eve", "usable_password": "true", "password1": "abc", "password2": "abc"},
}


@pytest.mark.parametrize("who", ["a stranger", "an author", "an operator"])
@fuzz
@given(data=st.data())
def test_nothing_that_is_typed_into_a_form_is_an_error(
    people: dict[str, Sender], who: str, data: st.DataObject
) -> None:
    address, good = data.draw(st.sampled_from(list(FORMS.items())))
    names = {*good, "preview", "next"}
    spoiled = data.draw(st.dictionaries(st.sampled_from(sorted(names)), texts, max_size=3))
    body = urlencode(good | spoiled, errors="surrogatepass").encode()
    assert people[who].send("POST", address, (body, "application/x-www-form-urlencoded"), {}) < 500


# --- what no client would send ------------------------------------------------------------------------

HOST = b"Host: localhost\r\n"
POST = b"POST /accounts/login/ HTTP/1.1\r\n" + HOST
RAW = [
    b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST * 2 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\x00\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /%ff%fe/ HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /%00 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /authors/%ed%b3%bf/ HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /?before=%ff&%zz=\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /static/%00 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /static/../manage.py HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /static/css/site.css HTTP/1.1\r\n" + HOST + b"Range: bytes=9-1,x\r\nIf-Modified-Since: no\r\n\r\n",
    b"GET //evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET * HTTP/1.1\r\n" + HOST + b"\r\n",
    b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: sessionid=\xff\xfe; csrftoken=\x01; =; ;;\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b'Cookie: sessionid="abcdefgh\\000"; csrftoken="\\377"\r\n\r\n',
    b"GET / HTTP/1.1\r\n" + HOST + b"Accept: \xff\r\nAccept-Language: \xff;q=x\r\nReferer: http://[\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 60_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"X-A: b\r\n" * 2_000 + b"\r\n",
    b"GET / HTTP/1.1\r\n" + HOST + b"\x00: \x00\r\nno header\r\n\r\n",
    b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"\r\n" * 99,
    POST + b"Content-Type: a; b*=no'en'c\r\nContent-Length: 0\r\n\r\n",
    POST + b"Content-Type: \xff; charset=\xff\r\nContent-Length: 3\r\n\r\na=b",
    POST + b"Content-Type: application/x-www-form-urlencoded; charset=no\r\nContent-Length: 3\r\n\r\na=b",
    POST + b"Content-Type: multipart/form-data\r\nContent-Length: 3\r\n\r\na=b",
    POST + b"Content-Type: multipart/form-data; boundary=a\r\nContent-Length: 9\r\n\r\n--a\r\n\r\na",
    POST + b"Content-Length: -1\r\n\r\n",
    POST + b"Content-Length: x\r\n\r\n",
    POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\na=bcde",
    POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\na=b\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\na=b\r\n0\r\n\r\n",
    POST.replace(b"/accounts/login/", b"/nothing/")
    + b"Content-Type: multipart/form-data; boundary="
    + b"x" * 300
    + b"\r\nContent-Length: 3\r\n\r\n--x",
    b"GET /ws/update_notice/ HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"GET /ws/nothing/ HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
]


@pytest.mark.parametrize("request_", RAW, ids=lambda request: repr(request[:60]))
def test_what_is_hardly_a_request_is_no_error_of_ours(site: Site, request_: bytes) -> None:
    answer = b""
    with socket.create_connection(("127.0.0.1", site.port), 30) as connection:
        with contextlib.suppress(ConnectionError):  # who has heard enough may hang up
            connection.sendall(request_)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while data := connection.recv(65_536):
                answer += data
    assert not re.match(rb"HTTP/[0-9.]+ 5", answer), answer[:300]
    assert site.visitor().get("/healthz").status == 200
