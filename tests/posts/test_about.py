"""What machines are told: site maps, and what a page is about."""

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from pytest_django import Settings

from posts import sitemaps
from posts.models import Book, Post

from ..conftest import MakePost

pytestmark = pytest.mark.django_db

SITE = "https://shelf.example"
LOC = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


@pytest.fixture(autouse=True)
def address(settings: Settings) -> None:
    settings.SITE_URL = SITE


@pytest.fixture
def book() -> Book:
    known = {
        "year": "2009",
        "source_url": "https://openlibrary.org/books/OL1M",
        "cover_small": "a" * 40,
        "cover_large": "b" * 40,
    }
    return Book.objects.create(key="isbn:1", title="Slow reading", author="John Miedema", isbn="9780980200447", **known)


def told(client: Client, address: str) -> tuple[dict[str, str], Any]:
    """The page's Open Graph, and its data."""
    text = client.get(address).content.decode()
    graph = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]*)">', text))
    scripts = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    assert len(scripts) == 1
    return graph, json.loads(scripts[0])


def test_a_post_is_a_review_of_its_book(client: Client, make_published: MakePost, book: Book) -> None:
    post = make_published(
        book=book, excerpt="Four evenings.", shown_book_title="Slow reading", shown_book_author="John Miedema"
    )
    graph, data = told(client, post.get_absolute_url())
    url = f"{SITE}{post.get_absolute_url()}"
    assert graph == {
        "site_name": "BookShelf",
        "type": "article",
        "title": "On reading slowly",
        "url": url,
        "description": "Four evenings.",
        "image": f"{SITE}/covers/{'b' * 40}.webp",
    }
    assert (data["@context"], data["@type"], data["url"]) == ("https://schema.org", "Review", url)
    assert data["author"] == {"@type": "Person", "name": "ann", "url": f"{SITE}/authors/ann/"}
    reviewed = {"@type": "Book", "name": "Slow reading", "isbn": "9780980200447"}
    assert data["itemReviewed"] == reviewed | {"author": {"@type": "Person", "name": "John Miedema"}}
    assert data["datePublished"] == post.published_at.isoformat() if post.published_at else False
    text = client.get(post.get_absolute_url()).content.decode()
    assert f'<link rel="canonical" href="{url}">' in text
    assert '<meta name="description" content="Four evenings.">' in text


def test_a_book_is_one(client: Client, make_published: MakePost, book: Book) -> None:
    make_published(book=book)
    graph, data = told(client, book.get_absolute_url())
    assert (graph["type"], graph["title"]) == ("book", "Slow reading")
    assert (data["@type"], data["isbn"], data["datePublished"]) == ("Book", "9780980200447", "2009")
    assert data["sameAs"] == "https://openlibrary.org/books/OL1M"


def test_a_post_about_no_book_is_no_review(client: Client, make_published: MakePost) -> None:
    _, data = told(client, make_published().get_absolute_url())
    assert data["@type"] == "BlogPosting"


def test_nothing_that_is_written_ends_the_data(client: Client, make_published: MakePost) -> None:
    title = "</script><script>alert(1)</script><!-- & \u2028"
    post = make_published(title=title, shown_book_title=title)
    assert "<script>alert" not in client.get(post.get_absolute_url()).content.decode()
    assert told(client, post.get_absolute_url())[1]["name"] == title


def test_what_gives_the_book_away_is_not_told(client: Client, make_published: MakePost) -> None:
    post = make_published(shown_spoiler=True, shown_book_title="Slow reading", excerpt="The butler.")
    graph, data = told(client, post.get_absolute_url())
    assert graph["description"] == "This post gives away what happens in the book."
    assert "butler" not in json.dumps(data)


def locations(client: Client, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.headers["Content-Type"] == "application/xml"
    return [each.text or "" for each in ET.fromstring(answer.content).iter(LOC)]


def test_the_maps_lead_to_every_post_and_book_that_readers_see(
    client: Client, make_published: MakePost, make_post: MakePost, book: Book
) -> None:
    first, hidden = make_published(book=book), make_published()
    Post.objects.filter(pk=hidden.pk).update(hidden_at=hidden.published_at)
    unseen = Book.objects.create(key="isbn:2")
    make_post()
    far = make_published(pk=first.pk + sitemaps.IDS_IN_A_MAP)
    maps = locations(client, "/sitemap.xml")
    assert all(each.startswith(f"{SITE}/sitemap-") for each in maps)
    found = [page for each in maps for page in locations(client, each.removeprefix(SITE))]
    assert found == [SITE + each.get_absolute_url() for each in (first, far, book)]
    assert unseen.get_absolute_url() not in " ".join(found)
    for address in ("/sitemap-posts-999999.xml", "/sitemap-people-0.xml"):
        assert client.get(address).status_code == 404


def test_search_engines_are_told_where_the_maps_are(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()
    assert f"Sitemap: {SITE}/sitemap.xml" in text
    assert "Disallow: /accounts/" in text
    assert '<meta name="robots" content="noindex">' in client.get("/search/").content.decode()
