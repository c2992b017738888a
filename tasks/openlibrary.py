"""Open Library's words for a book, read with suspicion. Shapes: https://openlibrary.org/dev/docs/api/books"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from .outside import NotFound, Outside, Unreachable

NAME = "Open Library"
LONGEST_TEXT = 300


@dataclass(frozen=True)
class Found:
    title: str
    author: str
    year: str
    source_url: str
    cover_id: int | None


def by_isbn(outside: Outside, isbn: str) -> Found:
    """Ask for one edition.

    Args:
        isbn: an ISBN-13.

    Raises:
        NotFound, Refused, Unreachable.
    """
    key = f"ISBN:{isbn}"
    query = urlencode({"bibkeys": key, "jscmd": "data", "format": "json"})
    answer = outside.get_json(f"{settings.OPENLIBRARY_URL}/api/books?{query}")
    if not isinstance(answer, dict):
        raise Unreachable("the catalogue's answer is not an object")
    if key not in answer:
        raise NotFound(f"no book with {key}")
    return _found(answer[key])


def _found(record: Any) -> Found:
    title = _text(record.get("title")) if isinstance(record, dict) else ""
    if not title:
        raise Unreachable("the catalogue's record has no title")
    authors = [_text(author.get("name")) for author in _list(record.get("authors")) if isinstance(author, dict)]
    year = re.search(r"\b(1[0-9]{3}|20[0-9]{2})\b", _text(record.get("publish_date")))
    return Found(
        title=title,
        author=", ".join(name for name in authors if name)[:LONGEST_TEXT],
        year=year[0] if year else "",
        source_url=_source_url(record.get("key")),
        cover_id=_cover_id(record.get("cover")),
    )


def _text(value: Any) -> str:
    """A line of text, whatever was sent: no control characters, no line ends, not too long."""
    if not isinstance(value, str):
        return ""
    visible = "".join(
        " " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in value[: 4 * LONGEST_TEXT]
    )
    return " ".join(visible.split())[:LONGEST_TEXT]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _source_url(key: Any) -> str:
    """The book's page there, made from its key: an address that they send may lead anywhere."""
    valid = isinstance(key, str) and re.fullmatch(r"/(?:books|works)/OL[0-9]{1,12}[MW]", key)
    return f"https://openlibrary.org{key}" if valid else ""


def _cover_id(cover: Any) -> int | None:
    """From any of the cover's addresses; -1 and the like stand for none."""
    for address in cover.values() if isinstance(cover, dict) else ():
        match = re.search(r"/b/id/([0-9]{1,12})-[SML]\.jpg", address) if isinstance(address, str) else None
        if match and int(match[1]) > 0:
            return int(match[1])
    return None
