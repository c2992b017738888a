"""How fast pages are with 100,000 posts, 1,000,000 likes and 500,000 comments, beside an empty page in the same frame.

    python -m benchmarks.pages [--postgres] [--posts NUMBER]

Fills a database of its own and serves it with the site's own daphne on one core; wrk asks from another, as readers who
are not logged in do. Prints requests a second, the median latency, and the ratio to the empty page; keeps all figures
in var/bench/. Needs wrk.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from tests.site import AnotherWeb, free_port

from . import ground

SITE_CORE, READERS_CORE = 0, 1
CONNECTIONS, SECONDS, WARM_UP, RUNS = 8, 5, 2, 3


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[str]:
    """The site's daphne on its core, with the empty page beside its own; gives its address."""
    from bookshelf.processes import daphne  # noqa: PLC0415

    port = free_port()
    command = [word.replace(f"port={os.environ['PORT']}", f"port={port}") for word in daphne()]
    with open(Path(environment["VAR_DIR"]) / "web.log", "w") as log:
        process = subprocess.Popen(command, env=environment | {"PORT": str(port)}, stdout=log, stderr=log)
        os.sched_setaffinity(process.pid, {SITE_CORE})
        try:
            web = AnotherWeb(port, process)
            web.wait_until_ready()
            yield web.url
        finally:
            process.terminate()
            process.wait()


def pages(posts: int) -> dict[str, str]:
    """Addresses by what they are, the empty page first."""
    from posts.cards import rows_of  # noqa: PLC0415
    from posts.models import Post  # noqa: PLC0415

    (last,) = rows_of(Post.objects.published().order_by("published_at", "pk")[20:21])
    middle = Post.objects.select_related("book", "author").get(slug=f"on-reading-slowly-{posts // 2}")
    assert middle.book
    return {
        "empty": "/empty/",
        "empty, without its cursor": "/empty/without-cursor/",
        "list, first page": "/",
        "list, last page": f"/?before={last.mark}",
        "post": middle.get_absolute_url(),
        "book": middle.book.get_absolute_url(),
        "author": f"/authors/{middle.author.get_username()}/",
        "tag of every post": "/tags/essays/",
        "tag of one in a thousand": "/tags/tag7/",
        "search for a word of every post": "/search/?q=reading",
        "search for a word of one": f"/search/?q={posts // 2}",
    }


def ask(url: str, seconds: int, **headers: str) -> tuple[float, float]:
    """Requests a second, and the median latency in milliseconds."""
    options = [word for name, value in headers.items() for word in ("-H", f"{name.replace('_', '-')}: {value}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", *options, url]
    os.sched_setaffinity(0, {READERS_CORE})
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate, median = re.search(r"Requests/sec:\s+([0-9.]+)", said), re.search(r"50%\s+([0-9.]+)(us|ms|s)\b", said)
    assert rate, said
    assert median, said
    assert "Non-2xx" not in said, said
    return float(rate[1]), float(median[1]) * {"us": 0.001, "ms": 1, "s": 1000}[median[2]]


def etag_of(url: str) -> str:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as answer:
        return str(answer.headers.get("ETag", ""))


def measure(posts: int, environment: dict[str, str]) -> None:
    """Print a table: medians of the runs, in each of which the pages take turns."""
    with serving(environment) as url:
        asked: list[tuple[str, str, dict[str, str]]] = [(name, path, {}) for name, path in pages(posts).items()]
        for name, path, _ in list(asked):
            if name in ("list, first page", "post"):
                asked.append((f"{name}, 304", path, {"If_None_Match": etag_of(url + path)}))
        for _, path, headers in asked:
            ask(url + path, WARM_UP, **headers)
        runs = [{name: ask(url + path, SECONDS, **headers) for name, path, headers in asked} for _ in range(RUNS)]
    rates = {name: statistics.median(run[name][0] for run in runs) for name in runs[0]}
    print(f"\n| {posts:,} posts, {connection.vendor} | requests/s | median, ms | of the empty page |")
    print("|---|---:|---:|---:|")
    for name, rate in rates.items():
        latency = statistics.median(run[name][1] for run in runs)
        print(f"| {name} | {rate:.0f} | {latency:.1f} | {rate / rates['empty']:.2f} |")
    ground.keep(f"pages-{connection.vendor}", runs)


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast pages are with many posts.")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--posts", type=int, default=100_000)
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        print("Pages are left out: apt-get install wrk")
        return
    with ground.cleared("benchmarks.settings", arguments.postgres):
        from . import rows  # noqa: PLC0415 — once the settings are there

        rows.fill(arguments.posts)
        measure(arguments.posts, dict(os.environ))


if __name__ == "__main__":
    main()
