"""Google Books' words for a book. Shapes: https://developers.google.com/books/docs/v1/reference/volumes"""

import re
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from .found import Edition, Found, Hit, fields, isbn_13, items, joined, text, texts, the_one_meant, year
from .outside import NotFound, Outside, Unreachable

NAME = "Google Books"
MOST_HITS = 5


def by_isbn(outside: Outside, isbn: str) -> Found:
    """Ask for one edition.

    Args:
        isbn: an ISBN-13.

    Raises:
        NotFound, Refused, Unreachable.
    """
    for volume in _volumes(outside, f"isbn:{isbn}"):
        hit = _hit(volume)
        # They answer with something similar where they do not have it.
        if hit.title and any(_is_same(isbn, number) for number in _identifiers(volume)):
            return hit.found
    raise NotFound(f"no volume with ISBN {isbn}")


def by_title(outside: Outside, title: str, author: str) -> Found:
    """Search for a volume that goes by what an author typed.

    Args:
        author: may be empty.

    Raises:
        NotFound, Refused, Unreachable.
    """
    return the_one_meant([_hit(volume) for volume in _volumes(outside, _question(title, author))], title, author)


def editions(outside: Outside, title: str, author: str) -> list[Edition]:
    """What a search finds, for a person to choose from.

    Raises:
        Refused, Unreachable.
    """
    found = []
    for volume in _volumes(outside, _question(title, author)):
        numbers = [number for number in map(isbn_13, _identifiers(volume)) if number]
        publisher = text(fields(volume.get("volumeInfo")).get("publisher"))
        found.append(Edition(_hit(volume).found, next(iter(numbers), ""), publisher))
    return [edition for edition in found if edition.found.title]


def _question(title: str, author: str) -> str:
    return f"intitle:{_quoted(title)}" + (f" inauthor:{_quoted(author)}" if author else "")


def cover_url(volume: str) -> str:
    query = urlencode({"id": volume, "printsec": "frontcover", "img": 1, "zoom": 1})
    return f"{settings.GOOGLE_COVERS_URL}/books/content?{query}"


def _volumes(outside: Outside, question: str) -> list[dict[str, Any]]:
    # Without a country they guess one from the address that asks, and refuse where they cannot.
    query = urlencode({"q": question, "maxResults": MOST_HITS, "country": "US", "key": settings.GOOGLE_BOOKS_KEY})
    answer = outside.get_json(f"{settings.GOOGLE_BOOKS_URL}/volumes?{query}")
    # Of nothing found there are no items at all.
    if not isinstance(answer, dict) or not ("items" in answer or "totalItems" in answer):
        raise Unreachable("the catalogue's answer holds no volumes")
    return [fields(volume) for volume in items(answer.get("items"))]


def _quoted(typed: str) -> str:
    return '"' + typed.replace('"', " ") + '"'


def _hit(volume: dict[str, Any]) -> Hit:
    info = fields(volume.get("volumeInfo"))
    title, subtitle, authors = text(info.get("title")), text(info.get("subtitle")), texts(info.get("authors"))
    name = _name(volume.get("id"))
    found = Found(
        source_name=NAME,
        source_url=f"https://books.google.com/books?id={name}" if name else "",
        title=title,
        author=joined(authors),
        year=year(info.get("publishedDate")),
        # An address that they send may lead anywhere; that there is one says that there is a cover.
        cover_volume=name if fields(info.get("imageLinks")).get("thumbnail") else "",
    )
    return Hit(f"{title}: {subtitle}" if subtitle else title, authors, found)


def _name(value: Any) -> str:
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,20}", value) else ""


def _identifiers(volume: dict[str, Any]) -> list[str]:
    found = items(fields(volume.get("volumeInfo")).get("industryIdentifiers"))
    return [re.sub("[- ]", "", text(fields(entry).get("identifier"))) for entry in found]


def _is_same(isbn: str, number: str) -> bool:
    """Whether a number is this ISBN-13, or its ISBN-10, which 978 has and 979 has not."""
    return number == isbn or (isbn.startswith("978") and len(number) == 10 and number[:9] == isbn[3:12])
