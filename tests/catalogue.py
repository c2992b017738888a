"""A catalogue on loopback that answers in Open Library's shapes, or misbehaves as it is told to."""

import contextlib
import io
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from PIL import Image

Answer = Callable[[BaseHTTPRequestHandler], None]


def picture(width: int = 400, height: int = 600, colour: str = "#27424a", kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, kind)
    return buffer.getvalue()


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

    def __init__(self) -> None:
        self._books: dict[str, dict[str, Any]] = {}
        self._covers: dict[int, bytes] = {}
        self._answers: dict[str, Answer] = {}
        self._released = threading.Event()
        self._released.set()
        self._arrival = threading.Condition()
        self.asked: list[str] = []  # paths with their queries, in order of arrival
        self.agents: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

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
            number = 5_546_156 + len(self._covers)
            self._covers[number] = cover
            record["cover"] = {"large": f"https://covers.openlibrary.org/b/id/{number}-L.jpg"}
        self._books[f"ISBN:{isbn}"] = record | more

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
                    catalogue.agents.append(self.headers.get("User-Agent", ""))
                    catalogue._arrival.notify_all()
                catalogue._released.wait(60)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who asked has stopped waiting
                    catalogue._find(self.path)(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — its name over there
                pass

        return Handler

    def _find(self, path: str) -> Answer:
        for prefix, answer in self._answers.items():
            if path.startswith(prefix):
                return answer
        parts = urlsplit(path)
        if parts.path == "/api/books":
            keys = parse_qs(parts.query)["bibkeys"][0].split(",")
            found = {key: self._books[key] for key in keys if key in self._books}
            return status(200, json.dumps(found).encode(), Content_Type="application/json")
        if parts.path.startswith("/b/id/"):
            number = int(parts.path.removeprefix("/b/id/").partition("-")[0])
            if number in self._covers:
                return status(200, self._covers[number], Content_Type="image/jpeg")
        return status(404, b"<html>not found</html>", Content_Type="text/html")
