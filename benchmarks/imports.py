"""What an import of 1,000 reviews takes, and what it adds to the way of a post that somebody writes meanwhile.

    python -m benchmarks.imports [--rate NUMBER …] [--rows NUMBER]

For each rate of the catalogue (look-ups a second): the whole site as `make run` starts it, on SQLite. Every row and
every post is about a book of its own that the catalogue knows. Posts are saved one after the other, at moments drawn by
chance, and seen by a socket.
"""

import argparse
import random
import statistics
import time

from tests.catalogue import Catalogue
from tests.goodreads import file, row
from tests.site import Site, Visitor

SAVES = 20


def measure(rate: float, rows: int) -> None:
    """Print a line for this rate."""
    with Catalogue() as catalogue, Site(catalogue, CATALOGUE_RATE=str(rate), POSTS_PER_HOUR="0") as site:
        author, importer = site.author(), site.author()
        saves(site, author, 3)  # what is slow the first time
        without = saves(site, author, SAVES)
        # A tenth has no title to make a post of, a tenth is there twice.
        books = [row(number, ISBN13=f'="{catalogue.add_new()}"') for number in range(1, 1 + rows * 8 // 10)]
        more = [row(rows + number, Title="") for number in range(rows // 10)] + books[: rows // 10]
        begin = time.monotonic()
        address = upload(importer, file(*books, *more))
        saved = time.monotonic() - begin
        beside = saves(site, author, SAVES)
        still = "At work" in importer.get(address).text
        while "At work" in importer.get(address).text:
            time.sleep(0.5)
        took = time.monotonic() - begin
        counts = site.manage("shell", "--no-imports", "-c", COUNT).strip()
    alone, with_it = 1000 * statistics.median(without), 1000 * statistics.median(beside)
    assert still, "the import was over before the posts were: take more rows"
    longest = 1000 * max(beside)
    print(
        f"| {rate:g} | {alone:.0f} | {with_it:.0f} | {with_it - alone:+.0f} | {1000 * max(without):.0f} "
        f"| {longest:.0f} | {saved:.2f} | {took:.0f} | {counts} |",
        flush=True,
    )


COUNT = """
from posts.models import Import, Post
counts = Import.objects.get().counts()
found = Post.objects.filter(imported=True, book__outcome="found").count()
print(counts["done"], "done,", counts["duplicate"], "duplicate,", counts["failed"], "failed;", found, "with a book")
"""


def saves(site: Site, author: Visitor, number: int) -> list[float]:
    """From before the request to a socket, seconds."""
    took = []
    with site.reader() as reader:
        for _ in range(number):
            isbn = site.catalogue.add_new()
            time.sleep(random.uniform(1, 1.5))
            begin = time.monotonic()
            reader.until(author.write(isbn=isbn))
            took.append(time.monotonic() - begin)
    return took


def upload(importer: Visitor, data: bytes) -> str:
    """The address of the import that begins."""
    answer = importer.upload("/mine/import/", data)
    assert answer.status == 302, answer.text
    return answer.headers["location"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, nargs="+", default=[1000, 3])
    parser.add_argument("--rows", type=int, default=1000)
    arguments = parser.parse_args()
    print(
        "| look-ups/s | save → seen, ms | beside an import | adds | the longest | beside | upload, s | import, s "
        "| rows |\n|---:|---:|---:|---:|---:|---:|---:|---:|---|",
        flush=True,
    )
    for rate in arguments.rate:
        measure(rate, arguments.rows)


if __name__ == "__main__":
    main()
