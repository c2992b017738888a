"""From a save to the last of 1,000 browsers, what the queue adds to the save, and how many posts one worker takes.

    python -m benchmarks.pipeline [--postgres] [--posts NUMBER …]

For each number of posts that are there already: the whole site as `make run` starts it, on a folder of its own; the
posts are about a book that it knows. `make bench` builds the load client that it needs.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.catalogue import Catalogue
from tests.site import Site, Visitor

from . import ground
from .fanout import Load, allow_files, cpu, settle

if TYPE_CHECKING:
    from .servers import Server

SOCKETS = 1_000
SAVES, IN_A_ROW = 40, 400
BODY = "I put my phone in the other room, made tea, and read for four evenings. " * 25


def measure(posts: int) -> None:
    """Print a line for this number of posts."""
    # Once the settings are there.
    from . import rows  # noqa: PLC0415
    from .servers import BookShelf  # noqa: PLC0415

    rows.fill(posts)
    with Catalogue() as catalogue, Site(catalogue, Path(os.environ["VAR_DIR"]), POSTS_PER_HOUR="0") as site:
        author = site.author()
        isbn = catalogue.add_new()
        with site.reader() as reader:
            reader.until(author.write("The first, which asks the catalogue", isbn=isbn))
        server = BookShelf()
        server.port = site.port
        seen = save_to_seen(site, server, author, isbn)
        queued, alone = save_alone(site, author, isbn)
        rate, cost = throughput(site, isbn)
    request, unqueued = statistics.median(queued), statistics.median(alone)
    print(
        f"| {posts:,} | {statistics.median(seen):.1f} | {statistics.quantiles(seen, n=20)[-1]:.1f} | {request:.2f} "
        f"| {unqueued:.2f} | {request / unqueued - 1:+.0%} | {rate:.0f} | {cost:.1f} |",
        flush=True,
    )
    ground.keep(f"pipeline-{posts}", {"seen": seen, "request": queued, "unqueued": alone, "rate": rate, "cpu": cost})


def save_to_seen(site: Site, server: Server, author: Visitor, isbn: str) -> list[float]:
    """From before the request to the last socket, ms."""
    web = site.pid("web")
    took = []
    with Load(server) as load:
        load.open(SOCKETS)
        for mark in range(SAVES):
            settle(web)
            begin = time.monotonic_ns()
            author.write(f"mark={mark}", BODY, isbn=isbn)
            took.append((load.complete(mark) - begin) / 1e6)
    return took


def save_alone(site: Site, author: Visitor, isbn: str) -> tuple[list[float], list[float]]:
    """The request alone, ms, and the same where nothing is put in the queue, one after the other in turn."""
    with (
        site.without("worker"),
        site.another_web() as one,
        site.another_web(DJANGO_SETTINGS_MODULE="benchmarks.unqueued") as other,
    ):
        authors = [web.visitor().log_in(author.name) for web in (one, other)]
        took: dict[str, list[float]] = {one.url: [], other.url: []}
        for number, visitor in itertools.product(range(4 * SAVES), authors):
            begin = time.monotonic_ns()
            visitor.write(f"Number {number}", BODY, isbn=isbn)
            took[visitor.url].append((time.monotonic_ns() - begin) / 1e6)
    return took[one.url], took[other.url]


def throughput(site: Site, isbn: str) -> tuple[float, float]:
    """Posts a second that the worker publishes where enough wait for it, and its CPU for each, ms."""
    from django.contrib.auth.models import User  # noqa: PLC0415

    from posts.models import Post  # noqa: PLC0415

    author = User.objects.latest("pk")
    pid = site.pid("worker")
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    while Post.objects.filter(published_at=None, author=author).exists():
        time.sleep(0.1)  # what waited while it was stopped
    with site.frozen("worker"):
        for number in range(IN_A_ROW):
            Post(author=author, title=f"One of many, {number}", body=BODY, isbn=isbn).submit()
        used = sum(cpu(each)[0] for each in pids)
    while Post.objects.filter(published_at=None, author=author).exists():
        time.sleep(0.1)
    used = sum(cpu(each)[0] for each in pids) - used
    times = Post.objects.order_by("-published_at").values_list("published_at", flat=True)[:IN_A_ROW]
    seconds = [at.timestamp() for at in times if at]
    return (IN_A_ROW - 1) / (seconds[0] - seconds[-1]), 1000 * used / IN_A_ROW


def measure_apart(posts: int, postgres: bool) -> None:
    with ground.cleared("bookshelf.settings", postgres):
        measure(posts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--posts", type=int, nargs="+", default=[1_000, 100_000])
    arguments = parser.parse_args()
    allow_files(SOCKETS)
    print(
        "| posts | save → last of 1,000, ms | of 20 the longest | request, ms | unqueued, ms | adds "
        "| posts/s | CPU each, ms |\n|---:|---:|---:|---:|---:|---:|---:|---:|",
        flush=True,
    )
    for posts in arguments.posts:
        # A process of its own: Django is set up once in each.
        child = multiprocessing.get_context("spawn").Process(target=measure_apart, args=(posts, arguments.postgres))
        child.start()
        child.join()


if __name__ == "__main__":
    main()
