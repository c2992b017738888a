"""How fast pages are with 100,000 posts, 1,000,000 likes and 500,000 comments, beside an empty page in the same frame.

    python -m benchmarks.pages [--postgres] [--posts NUMBER]

Fills a database of its own and serves it with the site's own daphne on one core; wrk asks from another, as readers who
are not logged in do. Prints requests a second, the median latency, and the ratio to the empty page. Needs wrk.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import django

from tests.postgres import provided, server
from tests.site import AnotherWeb, free_port

LIKES_OF_EACH, COMMENTS_OF_EACH = 10, 5
PEOPLE, BOOKS = 1_000, 10_000
AT_ONCE = 2_000  # posts, with what is said to them
SITE_CORE, READERS_CORE = 0, 1
CONNECTIONS, SECONDS, WARM_UP = 8, 5, 2
BODY = "I put my phone in the other room, made tea, and read for four evenings. " * 25


def fill(posts: int) -> None:
    """A site's worth of rows, as the pipeline would have left them."""
    # Once the settings are there.
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection, transaction  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from posts.models import Book, Comment, Like, Post, Step, slug_of  # noqa: PLC0415
    from posts.outbox import State  # noqa: PLC0415
    from posts.rendering import render_body  # noqa: PLC0415
    from updater.models import Head  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=0)
    now, rendered = timezone.now(), render_body(BODY)
    people = User.objects.bulk_create(User(username=f"reader{number}") for number in range(PEOPLE))
    books = Book.objects.bulk_create(
        Book(
            key=f"text:{number}",
            title=f"The {number}th summer book",
            author="Tove Jansson",
            year="1972",
            source_name="Open Library",
            source_url=f"https://openlibrary.org/works/OL{number}W",
            cover_small=f"{number:040x}",
            cover_large=f"{number + BOOKS:040x}",
            cover_width=480,
            cover_height=720,
        )
        for number in range(BOOKS)
    )
    for first in range(0, posts, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, posts))
        with transaction.atomic():
            made = Post.objects.bulk_create(
                Post(
                    author=people[number % PEOPLE],
                    book=books[number % BOOKS],
                    title=f"On reading slowly, {number}",
                    shown_title=f"On reading slowly, {number}",
                    slug=slug_of(f"On reading slowly, {number}"),
                    body=BODY,
                    html=rendered.html,
                    excerpt=rendered.excerpt,
                    minutes=rendered.minutes,
                    shown_book_title=books[number % BOOKS].title,
                    shown_book_author="Tove Jansson",
                    like_count=LIKES_OF_EACH,
                    comment_count=COMMENTS_OF_EACH,
                    state=State.DONE,
                    step=Step.PUBLISHED,
                    due_at=None,
                    published_at=now - timedelta(minutes=posts - number),
                )
                for number in numbers
            )
            Like.objects.bulk_create(
                Like(post=post, person=people[(post.pk + each) % PEOPLE])
                for post in made
                for each in range(LIKES_OF_EACH)
            )
            Comment.objects.bulk_create(
                Comment(post=post, author=people[(post.pk + each) % PEOPLE], body="Me too.", html="<p>Me too.</p>")
                for post in made
                for each in range(COMMENTS_OF_EACH)
            )
    Head.objects.create(pk=1, number=posts)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()


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
    from posts.models import Post  # noqa: PLC0415

    last = Post.objects.published().order_by("published_at", "pk")[20]
    middle = Post.objects.select_related("book", "author").get(slug=f"on-reading-slowly-{posts // 2}")
    assert middle.book
    return {
        "empty": "/empty/",
        "empty, without its cursor": "/empty/without-cursor/",
        "list, first page": "/",
        "list, last page": f"/?before={last.page_mark}",
        "post": middle.get_absolute_url(),
        "book": middle.book.get_absolute_url(),
        "author": f"/authors/{middle.author.get_username()}/",
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
    addresses = pages(posts)
    with serving(environment) as url:
        rates: dict[str, float] = {}

        def report(name: str, address: str, **headers: str) -> None:
            ask(address, WARM_UP, **headers)
            rate, median = ask(address, SECONDS, **headers)
            rates[name] = rate
            print(f"{name:26} {rate:7.0f} /s {median:7.1f} ms {rate / rates['empty']:8.2f}", flush=True)

        for name, path in addresses.items():
            report(name, url + path)
        for name in ("list, first page", "post"):
            report(f"{name}, 304", url + addresses[name], If_None_Match=etag_of(url + addresses[name]))


def main(posts: int, postgres: bool) -> int:
    if shutil.which("wrk") is None:
        print("There is no wrk here; apt-get install wrk.", file=sys.stderr)
        return 1
    folder = tempfile.mkdtemp(prefix="bookshelf-pages-")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        for name in ("REDIS_URL", "SITE_URL", "DATABASE_URL", "ALLOWED_HOSTS"):
            os.environ.pop(name, None)
        if postgres:
            binaries = provided()
            if binaries is None:
                print("There is no PostgreSQL here.", file=sys.stderr)
                return 1
            os.environ["DATABASE_URL"] = stack.enter_context(server(binaries)).url
        os.environ |= {"VAR_DIR": folder, "PORT": "8000", "DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
        django.setup()
        fill(posts)
        measure(posts, dict(os.environ))
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How fast pages are with many posts.")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--posts", type=int, default=100_000)
    arguments = parser.parse_args()
    sys.exit(main(arguments.posts, arguments.postgres))
