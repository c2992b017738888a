"""Feeds: what every reader of Atom (RFC 4287) and of JSON Feed 1.1 asks for, and nothing that is not to be seen."""

import json
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from posts.models import Book, Post

from ..conftest import MakePost

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
SITE = "https://shelf.example"


@pytest.fixture(autouse=True)
def address(settings: Settings) -> None:
    settings.SITE_URL = SITE


@pytest.fixture
def book() -> Book:
    return Book.objects.create(key="isbn:1", title="Slow reading", cover_small="a" * 40, cover_large="b" * 40)


@pytest.fixture
def posts(make_published: MakePost, book: Book) -> list[Post]:
    first = make_published(2, title="First & <last>", book=book, tags="essays", excerpt="1 < 2", key="a")
    second = make_published(1, title="Second", author=User.objects.create_user("eve"), key="b")
    Post.objects.filter(pk=second.pk).update(html='<p>See <a href="/posts/1/">this</a></p>')
    return [first, second]


def entries(answer: Any) -> list[ET.Element]:
    return ET.fromstring(answer.content).findall(f"{ATOM}entry")


def titles(client: Client, address: str) -> list[str]:
    atom = [entry.findtext(f"{ATOM}title") or "" for entry in entries(client.get(f"{address}feed.atom"))]
    assert atom == [item["title"] for item in client.get(f"{address}feed.json").json()["items"]]
    return atom


def test_there_is_one_of_the_site_of_an_author_of_a_book_and_of_a_tag(
    client: Client, posts: list[Post], book: Book
) -> None:
    assert titles(client, "/") == ["Second", "First & <last>"]
    assert titles(client, "/authors/eve/") == ["Second"]
    assert titles(client, f"/books/{book.pk}/") == titles(client, "/tags/essays/") == ["First & <last>"]


def test_pages_lead_to_theirs(client: Client, posts: list[Post], book: Book) -> None:
    for page, at in (("/", "/"), ("/authors/eve/", "/authors/eve/"), ("/tags/essays/", "/tags/essays/")):
        for kind, name in (("atom", "atom"), ("feed", "json")):
            link = f'type="application/{kind}+{"xml" if name == "atom" else "json"}"'
            assert f'href="{at}feed.{name}"' in client.get(page).content.decode()
            assert link in client.get(page).content.decode()
    assert f'href="/books/{book.pk}/feed.atom"' in client.get(book.get_absolute_url()).content.decode()


@pytest.mark.parametrize("at", ["/", "/authors/ann/", "/books/{book}/", "/tags/essays/"])
def test_atom_has_what_the_standard_asks_for(client: Client, posts: list[Post], book: Book, at: str) -> None:
    address = f"{at.format(book=book.pk)}feed.atom"
    answer = client.get(address)
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ET.fromstring(answer.content)
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == SITE + address
    for element in (feed, *feed.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1, name
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated") or "").tzinfo
        assert (element.findtext(f"{ATOM}id") or "").startswith(f"{SITE}/")
        assert all((link.get("href") or "").startswith(f"{SITE}/") for link in element.findall(f"{ATOM}link"))
        assert element.findtext(f"{ATOM}author/{ATOM}name")
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids) > 0


def test_an_entry_has_the_whole_text_and_its_cover(client: Client, posts: list[Post]) -> None:
    second, first = entries(client.get("/feed.atom"))
    assert first.findtext(f"{ATOM}title") == "First & <last>"
    assert (
        first.findtext(f"{ATOM}content") == f'<p><img src="{SITE}/covers/{"b" * 40}.webp" alt=""></p>' + posts[0].html
    )
    assert first.findtext(f"{ATOM}summary") == "1 &lt; 2"
    assert [each.get("term") for each in first.findall(f"{ATOM}category")] == ["essays"]
    assert f'href="{SITE}/posts/1/"' in (second.findtext(f"{ATOM}content") or "")
    item = client.get("/feed.json").json()["items"][1]
    assert (item["image"], item["tags"]) == (f"{SITE}/covers/{'b' * 40}.webp", ["essays"])


def test_json_has_what_the_standard_asks_for(client: Client, posts: list[Post]) -> None:
    answer = client.get("/feed.json")
    assert answer.headers["Content-Type"] == "application/feed+json"
    feed = json.loads(answer.content)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["title"], feed["home_page_url"], feed["feed_url"]) == ("BookShelf", f"{SITE}/", f"{SITE}/feed.json")
    for item in feed["items"]:
        assert item["id"].startswith(f"{SITE}/posts/")
        assert item["content_html"]
        assert datetime.fromisoformat(item["date_published"]) <= datetime.fromisoformat(item["date_modified"])


def test_an_entry_keeps_its_id_when_it_is_edited(client: Client, posts: list[Post]) -> None:
    def first() -> tuple[str | None, str | None]:
        entry = entries(client.get("/feed.atom"))[1]
        return entry.findtext(f"{ATOM}id"), entry.findtext(f"{ATOM}updated")

    before = first()
    edited = {"shown_title": "Other", "slug": "other", "shown_edited_at": timezone.now()}
    Post.objects.filter(pk=posts[0].pk).update(**edited)
    assert first()[0] == before[0]
    assert first()[1] != before[1]


def test_nothing_is_in_it_that_readers_do_not_see_or_would_not_want_to(
    client: Client, make_published: MakePost, make_post: MakePost
) -> None:
    make_post(title="Waiting")
    hidden = make_published(title="Hidden")
    Post.objects.filter(pk=hidden.pk).update(hidden_at=hidden.published_at)
    make_published(title="Deleted").delete()
    folded, inline = make_published(shown_spoiler=True, title="Folded"), make_published(title="Inline")
    hiding = '<label class="spoiler"><input type="checkbox" aria-label="Show a spoiler"><span>butler</span></label>'
    Post.objects.filter(pk=folded.pk).update(html="<p>It was the butler.</p>")
    Post.objects.filter(pk=inline.pk).update(html=f"<p>It was {hiding}.</p>")
    assert titles(client, "/") == ["Inline", "Folded"]
    for kind in ("atom", "json"):
        text = client.get(f"/feed.{kind}").content.decode()
        assert "gives away what happens" in text
        assert "It was ….".encode("unicode_escape").decode() in text or "It was …." in text
        assert "butler" not in text


def test_what_xml_cannot_carry_breaks_nothing(client: Client, make_published: MakePost) -> None:
    make_published(title="a\ufffeb\x0cc")
    assert titles_in_atom(client) == ["abc"]


def titles_in_atom(client: Client) -> list[str | None]:
    return [entry.findtext(f"{ATOM}title") for entry in entries(client.get("/feed.atom"))]


@pytest.mark.parametrize("kind", ["atom", "json"])
def test_whoever_has_it_is_told_so(client: Client, posts: list[Post], kind: str) -> None:
    first = client.get(f"/feed.{kind}")
    again = client.get(f"/feed.{kind}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Post.objects.filter(pk=posts[0].pk).update(shown_title="Other")
    changed = client.get(f"/feed.{kind}", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert client.head(f"/feed.{kind}").status_code == 200


@pytest.mark.parametrize("kind", ["atom", "json"])
def test_an_empty_site_has_an_empty_one_that_stays_the_same(client: Client, ann: User, kind: str) -> None:
    for at in ("/", "/authors/ann/"):
        assert client.get(f"{at}feed.{kind}").content == client.get(f"{at}feed.{kind}").content
    for at in ("/authors/nobody/", "/books/1/", "/tags/essays/", "/tags/%00/", "/authors/%00/"):
        assert client.get(f"{at}feed.{kind}").status_code == 404


def test_each_takes_few_queries(
    client: Client, posts: list[Post], book: Book, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/")  # the log's first row is made once
    for at in ("/", "/authors/ann/", f"/books/{book.pk}/", "/tags/essays/"):
        with django_assert_max_num_queries(3):
            client.get(f"{at}feed.atom")
