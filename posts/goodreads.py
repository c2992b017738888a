"""What Goodreads gives people of theirs, a CSV file, and what a post is made of it."""

import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from stdnum import isbn
from stdnum.exceptions import ValidationError as NotAnIsbn

from .htmltext import to_markdown
from .models import BODY_LENGTH, TITLE_LENGTH
from .rendering import CONTROLS, without_towers

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 5_000
LONGEST_CELL = 200_000  # characters; beyond that a quotation mark that nothing closes has swallowed other rows
# The ones that are read, of some two dozen. Private notes are not, and stay private.
NEEDED = ("Book Id", "Title", "Author", "ISBN", "ISBN13", "My Rating", "Exclusive Shelf", "My Review")
READ = (*NEEDED, "Spoiler")
STARS = 5


class Unreadable(Exception):
    """Says in words why a file cannot be imported; nothing has been made of it."""


class Unfit(Exception):
    """Says in words why a row becomes no post."""


def read(file: BinaryIO) -> Iterator[dict[str, str]]:
    """The rows of a file, of each the columns that are read.

    Raises:
        Unreadable: it is no such file, or too much.
    """
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Unreadable(_("The file is too large; 5 MB is the most."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            _("Line %(line)s is not text in UTF-8. Was the file saved by a spreadsheet? Take it as Goodreads gives it.")
            % {"line": line}
        ) from error
    if "\0" in text:
        raise Unreadable(_("This is not a CSV file: there are characters in it that no text has."))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    csv.field_size_limit(LONGEST_CELL)
    try:
        yield from rows_of(text)
    except csv.Error as error:
        raise Unreadable(_("This is not a CSV file that can be read: %(why)s.") % {"why": error}) from error


def rows_of(text: str) -> Iterator[dict[str, str]]:
    lines = csv.reader(io.StringIO(text))
    header = next(lines, [])
    columns = {name.strip(): place for place, name in enumerate(header)}
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        names = ", ".join(f"“{name}”" for name in missing)
        raise Unreadable(
            _("This is not an export of Goodreads: the first line has no column %(names)s.") % {"names": names}
        )
    count = 0
    for cells in lines:
        if any(cells):
            count += 1
            if count > MOST_ROWS:
                raise Unreadable(_("There are more than %(n)s rows in the file.") % {"n": f"{MOST_ROWS:,}"})
            found = {name: columns[name] for name in READ if name in columns}
            # A row that ends early says nothing of its last columns.
            cells += [""] * (len(header) - len(cells))
            yield {name: cells[place].translate(CONTROLS).strip() for name, place in found.items()}


def has_review(fields: dict[str, str]) -> bool:
    return bool(fields["My Review"])


def title_of(fields: dict[str, str]) -> str:
    return line(fields["Title"], TITLE_LENGTH)


def line(text: str, length: int) -> str:
    return without_towers(" ".join(text[: 2 * length].split()))[:length]


def key_of(fields: dict[str, str]) -> str:
    """What tells a post that is made of this book's row from all others of its author. Raises Unfit."""
    if not re.fullmatch(r"[0-9]{1,20}", fields["Book Id"], re.ASCII):
        raise Unfit(gettext_noop("The row has no “Book Id”."))
    return f"goodreads-{fields['Book Id']}"


def written(fields: dict[str, str]) -> dict[str, str | bool]:
    """What the author writes, by the post's columns. Raises Unfit."""
    title = title_of(fields)
    if not any(character.isalnum() for character in title):
        raise Unfit(gettext_noop("The row has no title."))
    return {
        "title": title,
        "body": body_of(fields),
        # Without the series that Goodreads adds, “(Earthsea, #1)”: no catalogue has it in its titles.
        "book_title": re.sub(r"\s*\([^()]*#[^()]*\)$", "", title) or title,
        "book_author": line(fields["Author"], 200),
        "isbn": isbn_of(fields),
        "spoiler": is_spoiler(fields),
    }


def is_spoiler(fields: dict[str, str]) -> bool:
    """Also where only a part of the review is marked as one: it is better to hide too much."""
    return fields.get("Spoiler", "").casefold() == "true" or "<spoiler" in fields["My Review"].casefold()


def body_of(fields: dict[str, str]) -> str:
    review = fields["My Review"]
    if len(review) > 2 * BODY_LENGTH:  # its tags are not counted for the post
        raise Unfit(gettext_noop("The review is longer than 20,000 characters."))
    parts = [stars(fields["My Rating"]), to_markdown(without_towers(review))]
    body = "\n\n".join(filter(None, parts)) or shelf(fields["Exclusive Shelf"])
    if len(body) > BODY_LENGTH:
        raise Unfit(gettext_noop("The review is longer than 20,000 characters."))
    if not body:
        raise Unfit(gettext_noop("There is neither a review nor a rating nor a shelf in the row."))
    return body


def stars(rating: str) -> str:
    """A line of them; empty where there is no rating, which Goodreads calls 0."""
    return "★" * int(rating) + "☆" * (STARS - int(rating)) if re.fullmatch(r"[1-5]", rating) else ""


def shelf(name: str) -> str:
    return to_markdown(f"On my shelf “{name[:100]}”.") if name else ""


def isbn_of(fields: dict[str, str]) -> str:
    """The ISBN-13; empty where there is none that is right. A spreadsheet's `="…"` is left out."""
    for name in ("ISBN13", "ISBN"):
        digits = re.sub(r"[^0-9Xx]", "", fields[name])
        if len(digits) in (10, 13):
            try:
                return isbn.to_isbn13(isbn.validate(digits, convert=True))
            except NotAnIsbn:
                continue
    return ""
