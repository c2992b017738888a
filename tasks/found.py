"""What catalogues say of books: read with suspicion, and believed only where it is the book that was meant."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from stdnum import isbn
from stdnum.exceptions import ValidationError as NotAnIsbn

from posts.models import BIDI_CONTROLS, fold

from .outside import NotFound

LONGEST_TEXT = 300
YEAR = re.compile(r"\b(?:1[0-9]{3}|20[0-9]{2})\b")
SUBTITLE = re.compile(r": | [-–—] |\(")  # where one begins


@dataclass(frozen=True)
class Found:
    """A book; the fields are columns of its row. A cover has a number or a volume, by where it is from."""

    source_name: str
    source_url: str
    title: str
    author: str
    year: str
    cover_id: int | None = None
    cover_volume: str = ""


@dataclass(frozen=True)
class Hit:
    """One answer to a search: what it goes by, and what it is."""

    title: str
    authors: list[str]
    found: Found


@dataclass(frozen=True)
class Edition:
    """What a person may choose: a book, its ISBN-13 where it has one, and what tells it from other editions."""

    found: Found
    isbn: str = ""
    words: str = ""


class Guess(NotFound):
    """Several books answer to what was typed, and which is meant nobody knows."""


def the_one_meant(hits: list[Hit], title: str, author: str) -> Found:
    """The hit that is the book an author typed.

    Args:
        title, author: as typed; the author may be empty.

    Raises:
        NotFound: none agrees.
        Guess: more than one book does.
    """
    wanted = words(author)
    alike = [hit for hit in hits if not wanted or wanted in map(words, [*hit.authors, " ".join(hit.authors)])]
    agreeing = [hit for hit in alike if fold(hit.title) == fold(title)]
    # One of the two may lack its subtitle. Two that differ in it are two books.
    agreeing = agreeing or [
        hit for hit in alike if _lacks_subtitle(title, hit.title) or _lacks_subtitle(hit.title, title)
    ]
    if not agreeing:
        raise NotFound("no book of that title and author")
    if len({(fold(hit.title), wanted or words(" ".join(hit.authors))) for hit in agreeing}) > 1:
        raise Guess("several books of that title")
    return agreeing[0].found


def _lacks_subtitle(one: str, other: str) -> bool:
    """Whether `one` is `other` without its subtitle."""
    return fold(one) == fold(SUBTITLE.split(other)[0]) != ""


def words(name: str) -> frozenset[str]:
    """What two spellings of a name share: "Jansson, Tove" is Tove Jansson."""
    return frozenset(fold(name).split())


def text(value: Any) -> str:
    """A line of text, whatever was sent: no characters that control, no line ends, not too long."""
    if not isinstance(value, str):
        return ""
    visible = "".join(
        " " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c
        for c in value[: 4 * LONGEST_TEXT].translate(BIDI_CONTROLS)
    )
    return " ".join(visible.split())[:LONGEST_TEXT]


def joined(names: list[str]) -> str:
    return ", ".join(names)[:LONGEST_TEXT]


def texts(value: Any) -> list[str]:
    return [line for line in map(text, items(value)) if line]


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def year(value: Any) -> str:
    """The year in a date written in whatever way; empty where there is none."""
    match = YEAR.search(text(str(value) if type(value) is int else value))
    return match[0] if match else ""


def isbn_13(number: str) -> str:
    """The ISBN-13 of a number that somebody else holds for an ISBN; empty where it is none."""
    try:
        return str(isbn.to_isbn13(isbn.validate(number)))
    except NotAnIsbn:
        return ""
