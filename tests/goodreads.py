"""Files as Goodreads gives them."""

import csv
import io

HEADER = (
    "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,Publisher,Binding,"
    "Number of Pages,Year Published,Original Publication Year,Date Read,Date Added,Bookshelves,"
    "Bookshelves with positions,Exclusive Shelf,My Review,Spoiler,Private Notes,Read Count,Owned Copies"
)
COLUMNS = HEADER.split(",")


def row(number: int = 1, /, **columns: str) -> dict[str, str]:
    """A row; columns by their names, with _ for a space."""
    usual = {
        "Book Id": str(number),
        "Title": f"Book {number}",
        "Author": "Tove Jansson",
        "ISBN": '=""',
        "ISBN13": '=""',
        "My Rating": "4",
        "Exclusive Shelf": "read",
        "My Review": f"I liked number {number}.",
        "Private Notes": "Nobody's business",
    }
    return usual | {name.replace("_", " "): value for name, value in columns.items()}


def file(*rows: dict[str, str], columns: list[str] = COLUMNS) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
