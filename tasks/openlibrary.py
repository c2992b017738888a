"""Open Library's words for a book. Shapes: https://openlibrary.org/dev/docs/api/books, …/api/search"""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from .found import Edition, Found, Hit, fields, isbn_13, items, joined, text, texts, the_one_meant, year
from .outside import NotFound, Outside, Unreachable

NAME = "Open Library"
MOST_HITS = 5
HIT_FIELDS = (
    "key,title,author_name,first_publish_year,cover_i,edition_count,"
    "editions,editions.key,editions.title,editions.isbn,editions.cover_i"
)
EDITION_FIELDS = ",editions.publisher,editions.publish_date,editions.publish_year,editions.language"
HIGHEST_COVER = 10**12


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
    record = fields(answer[key])
    title = text(record.get("title"))
    if not title:
        raise Unreachable("the catalogue's record has no title")
    authors = [text(fields(author).get("name")) for author in items(record.get("authors"))]
    return Found(
        source_name=NAME,
        source_url=_source_url(record.get("key")),
        title=title,
        author=joined([name for name in authors if name]),
        year=year(record.get("publish_date")),
        cover_id=_cover_in(record.get("cover")),
    )


def by_title(outside: Outside, title: str, author: str) -> Found:
    """Search for a work, or one of its editions, that goes by what an author typed.

    Args:
        author: may be empty.

    Raises:
        NotFound, Refused, Unreachable.
    """
    return the_one_meant(
        [hit for work in _search(outside, title, author, HIT_FIELDS) for hit in _hits(fields(work))], title, author
    )


def _search(outside: Outside, title: str, author: str, shown: str) -> list[Any]:
    """Works, as they send them."""
    typed = {"title": title, "author": author} if author else {"title": title}
    query = urlencode(typed | {"limit": MOST_HITS, "fields": shown})
    answer = outside.get_json(f"{settings.OPENLIBRARY_URL}/search.json?{query}")
    if not isinstance(answer, dict) or not isinstance(answer.get("docs"), list):
        raise Unreachable("the catalogue's answer holds no list of works")
    return list(answer["docs"])


def editions(outside: Outside, title: str, author: str) -> list[Edition]:
    """What a search finds, for a person to choose from: of each work the edition that agrees best, or the work itself.

    Raises:
        Refused, Unreachable.
    """
    found = []
    for work in map(fields, _search(outside, title, author, HIT_FIELDS + EDITION_FIELDS)):
        whole = _hit(work, texts(work.get("author_name")), year(work.get("first_publish_year"))).found
        inside = [fields(edition) for edition in items(fields(work.get("editions")).get("docs"))]
        found += [_edition(edition, whole) for edition in inside] or [Edition(whole)]
    return [edition for edition in found if edition.found.title]


def _edition(record: dict[str, Any], work: Found) -> Edition:
    """An edition, with what is known of its work alone in the place of what is not known of it."""
    of_it = _hit(
        record, [], year(record.get("publish_date") or next(iter(items(record.get("publish_year"))), None))
    ).found
    known = {name: value for name, value in vars(of_it).items() if value}
    numbers = [number for number in map(isbn_13, texts(record.get("isbn"))) if number]
    words = ", ".join([*texts(record.get("publisher"))[:1], *texts(record.get("language"))[:1]])
    return Edition(replace(work, **known), next(iter(numbers), ""), words)


def cover_url(cover_id: int) -> str:
    # Without default=false the answer to "no cover" is a picture of one pixel.
    return f"{settings.COVERS_URL}/b/id/{cover_id}-L.jpg?default=false"


def _hits(work: dict[str, Any]) -> list[Hit]:
    """A work, and its editions: a translation has a title, a cover and a year of its own."""
    authors = texts(work.get("author_name"))
    editions = map(fields, items(fields(work.get("editions")).get("docs")))
    return [
        _hit(work, authors, year(work.get("first_publish_year"))),
        *(_hit(edition, authors, "") for edition in editions),
    ]


def _hit(record: dict[str, Any], authors: list[str], published: str) -> Hit:
    title = text(record.get("title"))
    found = Found(
        source_name=NAME,
        source_url=_source_url(record.get("key")),
        title=title,
        author=joined(authors),
        year=published,
        cover_id=_cover_number(record.get("cover_i")),
    )
    return Hit(title, authors, found)


def _source_url(key: Any) -> str:
    """The book's page there, made from its key: an address that they send may lead anywhere."""
    valid = isinstance(key, str) and re.fullmatch(r"/(?:books|works)/OL[0-9]{1,12}[MW]", key)
    return f"https://openlibrary.org{key}" if valid else ""


def _cover_in(cover: Any) -> int | None:
    """From any of the cover's addresses."""
    for address in fields(cover).values():
        match = re.search(r"/b/id/([0-9]{1,12})-[SML]\.jpg", address) if isinstance(address, str) else None
        number = _cover_number(int(match[1])) if match else None
        if number:
            return number
    return None


def _cover_number(value: Any) -> int | None:
    """-1 and the like stand for none."""
    return value if type(value) is int and 0 < value < HIGHEST_COVER else None
