"""What pages load beside themselves: read once when a process starts, and sent as it was read, compressed.

An address has the site's version in it, so a browser need never ask again for what it has. During an upgrade a process
is asked for another version's files: it sends its own, and those are not to be kept.
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.deprecation import MiddlewareMixin

ADDRESS = re.compile(r"/static/(?:(?P<version>[0-9a-f]{10})/)?(?P<path>.+)")
ACCEPTS_GZIP = re.compile(r"\bgzip\b")
# What only people read in our own scripts: comments, and how far lines are indented.
FOR_PEOPLE = re.compile(rb"^\s*(//.*)?\n|^[ \t]+|[ \t]+// .*$", re.MULTILINE)
OUR_SCRIPTS = "js/"


@dataclass
class File:
    content: bytes
    media_type: str

    @cached_property
    def etag(self) -> str:
        return f'W/"{hashlib.blake2b(self.content, digest_size=16).hexdigest()}"'

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.content, mtime=0)


@cache
def files() -> dict[str, File]:
    """By path, the site's own and those of the libraries' pages."""
    read: dict[str, File] = {}
    for finder in get_finders():
        for path, storage in finder.list(None):
            with storage.open(path) as file:
                content = file.read()
            if path.startswith(OUR_SCRIPTS):
                content = FOR_PEOPLE.sub(b"", content)
            read.setdefault(path, File(content, media_type(path)))
    return read


def media_type(path: str) -> str:
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


class StaticMiddleware(MiddlewareMixin):
    """Answers whatever stands below /static/."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        files()

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        address = ADDRESS.fullmatch(request.path_info)
        file = files().get(address["path"]) if address else None
        if address is None or file is None or request.method not in ("GET", "HEAD"):
            return None
        response = HttpResponse(file.content, content_type=file.media_type)
        response.headers["ETag"], response.headers["Vary"] = file.etag, "Accept-Encoding"
        is_ours = address["version"] == settings.VERSION
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_ours else "no-cache"
        if ACCEPTS_GZIP.search(request.headers.get("Accept-Encoding", "")):
            response.content, response.headers["Content-Encoding"] = file.compressed, "gzip"
        response.headers["Content-Length"] = str(len(response.content))
        return get_conditional_response(request, etag=file.etag, response=response)
