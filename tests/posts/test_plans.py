"""No page reads a whole table: the plan of each of its queries goes by an index."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from posts.cards import rows_of
from posts.models import Book, Comment, Like, Post, Tagging
from updater.models import Head

POSTS, BOOKS, PEOPLE = 3_000, 100, 50

pytestmark = pytest.mark.django_db


@pytest.fixture
def addresses() -> dict[str, str]:
    """Those of pages on a site with so many rows that no planner takes a table's whole for less work."""
    now = timezone.now()
    people = User.objects.bulk_create(User(username=f"reader{number}") for number in range(PEOPLE))
    books = Book.objects.bulk_create(Book(key=f"text:{number}", title="Slow reading") for number in range(BOOKS))
    posts = Post.objects.bulk_create(
        Post(
            author=people[number % PEOPLE],
            book=books[number % BOOKS],
            title="On reading slowly",
            slug="on-reading-slowly",
            published_at=now - timedelta(minutes=number),
        )
        for number in range(POSTS)
    )
    Tagging.objects.bulk_create(
        Tagging(post=post, tag=tag, published_at=now - timedelta(minutes=number))
        for number, post in enumerate(posts)
        for tag in ("all", f"tag{number % 50}")
    )
    Like.objects.bulk_create(Like(post=post, person=people[each]) for post in posts for each in range(3))
    Comment.objects.bulk_create(
        Comment(post=post, author=people[0], body="Yes.", html="<p>Yes.</p>") for post in posts for _ in range(3)
    )
    Head.objects.get_or_create(pk=1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    last, middle = posts[-21], posts[POSTS // 2]
    assert middle.book
    marks = {row.id: row.mark for row in rows_of(Post.objects.filter(pk__in=[last.pk, middle.pk]))}
    return {
        "list": "/",
        "its last page": f"/?before={marks[last.pk]}",
        "post": middle.get_absolute_url(),
        "comments": f"/posts/{middle.pk}/comments/",
        "book": middle.book.get_absolute_url(),
        "author": "/authors/reader7/",
        "common tag": "/tags/all/",
        "its older page ": f"/tags/all/?before={marks[middle.pk]}",
        "rare tag": "/tags/tag7/",
        "its older page": f"/authors/reader7/?before={marks[middle.pk]}",
    }


def wholly_read(sql: str) -> list[str]:
    """The tables of which a query would read every row."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            steps = [str(row[-1]) for row in cursor.fetchall()]
            # A scan along an index ends where the LIMIT does; with a sort behind it it would not.
            scans = [step.split()[1] for step in steps if step.startswith("SCAN") and " USING INDEX " not in step]
            return scans + [step for step in steps if "TEMP B-TREE" in step]
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        (told,) = cursor.fetchone()
        nodes = below((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])
    return [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"]


def below(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(each for child in node.get("Plans", ()) for each in below(child))]


# Of the log's head there is one row, and of people here no more than fit in a page of the disk.
SMALL = {"updater_head", "auth_user", "posts_book"}


def test_no_page_reads_a_whole_table(addresses: dict[str, str]) -> None:
    client, found = Client(), []
    for name, address in addresses.items():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        assert 0 < len(queries) <= 4
        found += [(name, table) for query in queries for table in wholly_read(query["sql"]) if table not in SMALL]
    assert found == []


def test_the_last_page_is_found_as_the_first_is(addresses: dict[str, str]) -> None:
    """Not by way of all the posts above it: within an index, from where it starts."""
    client, details = Client(), {}
    for name in ("list", "its last page"):
        with CaptureQueriesContext(connection) as queries:
            client.get(addresses[name])
        with connection.cursor() as cursor:
            explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
            cursor.execute(f"{explain} {queries[-1]['sql']}")
            details[name] = "\n".join(str(row[-1]) for row in cursor.fetchall())
    starts = (
        "SEARCH posts_post USING INDEX post_newest_first" if connection.vendor == "sqlite" else "Index Cond: (publish"
    )
    assert starts in details["its last page"], details
