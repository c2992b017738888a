"""Catalogues on loopback, in the shapes of Open Library and of Google Books, or misbehaving as they are told to."""

import contextlib
import io
import itertools
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from PIL import Image
from stdnum import ean

Answer = Callable[[BaseHTTPRequestHandler], None]

_numbers = itertools.count(1)

DEFAULT_AGENTS = re.compile(r"python|httpx|curl|wget|go-http|java|$", re.IGNORECASE)


def picture(width: int = 400, height: int = 600, colour: str = "#27424a", kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, kind)
    return buffer.getvalue()


def isbn_of(number: int) -> str:
    digits = f"978{number:09}"
    return digits + ean.calc_check_digit(digits)


def json_of(value: Any) -> Answer:
    return status(200, json.dumps(value).encode(), Content_Type="application/json")


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    """An answer with a status, whatever was asked."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


class Catalogue:
    """`with Catalogue() as catalogue`: a server at `catalogue.url` until the block ends."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self._books: dict[str, dict[str, Any]] = {}
        self._works: list[dict[str, Any]] = []
        self._volumes: list[dict[str, Any]] = []
        self._covers: dict[str, bytes] = {}  # by their number there, or their volume here
        self._answers: dict[str, Answer] = {}
        self._released = threading.Event()
        self._released.set()
        self._arrival = threading.Condition()
        self.asked: list[str] = []  # paths with their queries, in order of arrival
        self.agents: list[str] = []
        self.clients: list[str] = []  # their addresses
        self._server = ThreadingHTTPServer((address, 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://{address}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()

    # --- what it knows ----------------------------------------------------------------------------

    def add(
        self,
        isbn: str,
        title: str = "Slow reading",
        author: str = "John Miedema",
        cover: bytes | None = None,
        **more: Any,
    ) -> None:
        """A book, and where `cover` is given its picture."""
        record: dict[str, Any] = {"key": "/books/OL22853304M", "title": title, "authors": [{"name": author}]}
        record |= {"publish_date": "March 2009", "identifiers": {"isbn_13": [isbn]}}
        if cover is not None:
            number = self._store(cover)
            record["cover"] = {"large": f"https://covers.openlibrary.org/b/id/{number}-L.jpg"}
        self._books[f"ISBN:{isbn}"] = record | more

    def add_new(self, cover: bytes | None = None) -> str:
        """A book that no test has named before, for a running site knows those of earlier ones; gives its ISBN."""
        isbn = isbn_of(next(_numbers))
        self.add(isbn, cover=cover)
        return isbn

    def add_work(
        self,
        title: str,
        *authors: str,
        cover: bytes | None = None,
        edition: str = "",
        edition_cover: bytes | None = None,
        **more: Any,
    ) -> None:
        """A work as a search finds it, and where `edition` is given an edition of that title."""
        work: dict[str, Any] = {"key": f"/works/OL{len(self._works) + 1}W", "title": title}
        work |= {"author_name": list(authors), "first_publish_year": 1972, "edition_count": 14}
        if cover is not None:
            work["cover_i"] = self._store(cover)
        if edition:
            found: dict[str, Any] = {"key": "/books/OL7M", "title": edition, "isbn": ["9780980200447"]}
            if edition_cover is not None:
                found["cover_i"] = self._store(edition_cover)
            work["editions"] = {"numFound": 1, "start": 0, "numFoundExact": True, "docs": [found]}
        self._works.append(work | more)

    def add_volume(self, title: str, *authors: str, isbn: str = "", cover: bytes | None = None, **more: Any) -> None:
        """A volume of Google's; `more` goes into its volumeInfo."""
        name = f"3Vi2uQAAC{len(self._volumes)}_-"
        info: dict[str, Any] = {"title": title, "authors": list(authors), "publishedDate": "2004-03", "pageCount": 707}
        info["industryIdentifiers"] = [{"type": "OTHER", "identifier": "UOM:39015"}]
        if isbn:
            info["industryIdentifiers"].append({"type": f"ISBN_{len(isbn)}", "identifier": isbn})
        if cover is not None:
            self._covers[name] = cover
            address = f"http://books.google.com/books/content?id={name}&printsec=frontcover&img=1&zoom=1"
            info["imageLinks"] = {"smallThumbnail": address, "thumbnail": address}
        self._volumes.append({"kind": "books#volume", "id": name, "volumeInfo": info | more})

    def _store(self, cover: bytes) -> int:
        number = 5_546_156 + len(self._covers)
        self._covers[str(number)] = cover
        return number

    # --- how it behaves ---------------------------------------------------------------------------

    def hold(self) -> None:
        """Take requests and answer none until `release`."""
        self._released.clear()

    def release(self) -> None:
        self._released.set()

    def answer(self, path: str, answer: Answer) -> None:
        """Answer everything below `path` so, until told to behave."""
        self._answers[path] = answer

    def behave(self) -> None:
        self._answers.clear()
        self.release()

    def wait_until_asked(self, what: str = "") -> None:
        """Return when a path with `what` in it has been asked for; at once where it has been before."""
        with self._arrival:
            assert self._arrival.wait_for(lambda: any(what in path for path in self.asked), 60)

    # --- the server -------------------------------------------------------------------------------

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        catalogue = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with catalogue._arrival:
                    catalogue.asked.append(self.path)
                    catalogue.clients.append(self.client_address[0])
                    catalogue.agents.append(self.headers.get("User-Agent", ""))
                    catalogue._arrival.notify_all()
                catalogue._released.wait(60)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who asked has stopped waiting
                    catalogue._find(self.path, self.headers.get("User-Agent", ""))(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — its name over there
                pass

        return Handler

    def _find(self, path: str, agent: str) -> Answer:
        if DEFAULT_AGENTS.match(agent):
            return status(403, b"<html>Forbidden</html>", Content_Type="text/html")
        for prefix, answer in self._answers.items():
            if path.startswith(prefix):
                return answer
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/api/books":
            return self._edition(query)
        if parts.path == "/search.json":
            return self._search(query)
        if parts.path == "/books/v1/volumes":
            return self._search_volumes(query)
        if parts.path.startswith("/b/id/"):
            return self._cover(parts.path.removeprefix("/b/id/").partition("-")[0], query)
        if parts.path == "/books/content" and query.get("id") in self._covers:
            return status(200, self._covers[query["id"]], Content_Type="image/jpeg")
        return status(404, b"<html>not found</html>", Content_Type="text/html")

    def _edition(self, query: dict[str, str]) -> Answer:
        found = {key: self._books[key] for key in query["bibkeys"].split(",") if key in self._books}
        if query.get("format") != "json":
            return status(200, b"var _OLBookInfo = {};", Content_Type="text/javascript")
        return json_of(found)

    def _search(self, query: dict[str, str]) -> Answer:
        """Loosely, as they do: any word of the title will do."""
        if len(query.get("q", "xxx")) < 3:
            return status(422, b'{"error": "Query too short, must be at least 3 characters"}')
        fields = query.get("fields", "key,title,author_name,cover_i").split(",")
        found = [work for work in self._works if words_of(query.get("title", "")) & words_of(json.dumps(work))]
        shown = [{name: value for name, value in work.items() if name in fields} for work in found]
        return json_of({"numFound": len(found), "start": 0, "docs": shown[: int(query.get("limit", 100))]})

    def _search_volumes(self, query: dict[str, str]) -> Answer:
        if not query.get("key"):
            return status(429, b'{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}')
        wanted = words_of(query["q"].replace("intitle:", " ").replace("inauthor:", " ").replace("isbn:", " "))
        found = [volume for volume in self._volumes if wanted & words_of(json.dumps(volume))]
        answer: dict[str, Any] = {"kind": "books#volumes", "totalItems": len(found)}
        return json_of(answer | ({"items": found[: int(query.get("maxResults", 10))]} if found else {}))

    def _cover(self, number: str, query: dict[str, str]) -> Answer:
        if number in self._covers:
            return status(200, self._covers[number], Content_Type="image/jpeg")
        if query.get("default") == "false":
            return status(404, b"<html>not found</html>", Content_Type="text/html")
        return status(200, picture(1, 1, kind="GIF"), Content_Type="image/gif")


def words_of(value: str) -> set[str]:
    return set(re.findall(r"\w+", value.casefold()))
