"""The polling fallback says what the socket says."""

import pytest
from django.db import transaction
from django.test import Client

from updater import log

pytestmark = pytest.mark.django_db


def write(subject: int) -> None:
    with transaction.atomic():
        log.write(subject, {"title": f"Post {subject}", "author": "ann", "url": "/a/", "html": "<article></article>"})


def test_without_a_cursor_it_gives_the_head_and_no_notices(client: Client) -> None:
    write(7)
    assert client.get("/updates/").json() == {"cursor": str(log.head()), "notices": [], "reset": False}


def test_it_gives_what_came_since(client: Client) -> None:
    since = str(log.head())
    write(7)
    write(8)
    answer = client.get("/updates/", {"since": since}).json()
    assert [(notice["kind"], notice["new_id"]) for notice in answer["notices"]] == [("published", 7), ("published", 8)]
    assert answer["notices"][0]["html"] == "<article></article>"
    assert answer["cursor"] == str(log.head())
    assert answer["reset"] is False
    again = client.get("/updates/", {"since": answer["cursor"]}).json()
    assert again == {"cursor": answer["cursor"], "notices": [], "reset": False}


@pytest.mark.parametrize("since", ["", "x", "ffffffff-1", "\0", "0" * 5000])
def test_a_cursor_that_is_of_no_use_resets(client: Client, since: str) -> None:
    write(7)
    assert client.get("/updates/", {"since": since}).json() == {
        "cursor": str(log.head()),
        "notices": [],
        "reset": True,
    }


def test_nothing_new_costs_no_body(client: Client) -> None:
    since = str(log.head())
    first = client.get("/updates/", {"since": since})
    again = client.get("/updates/", {"since": since}, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    write(7)
    news = client.get("/updates/", {"since": since}, headers={"If-None-Match": first.headers["ETag"]})
    assert (news.status_code, len(news.json()["notices"])) == (200, 1)


def test_it_only_reads(client: Client) -> None:
    assert client.post("/updates/").status_code == 405
