"""Feeds: the newest posts of the site, of an author, of a book and of a tag, as Atom (RFC 4287) and JSON Feed 1.1."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.views.decorators.http import conditional_page, require_safe

from .about import SPOILS, absolute, cover_of
from .models import EPOCH, Book, Post, Tagging, visible
from .rendering import HIDDEN
from .tags import is_tag
from .views import PAGE_LENGTH

# What XML 1.0 has no place for (https://www.w3.org/TR/xml/#charsets).
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Source(NamedTuple):
    """What a feed is of: its title, the path of its page, its posts, and whether it is there where there are none."""

    title: str
    page: str
    posts: QuerySet[Post]
    is_there: bool


def of_site() -> Source:
    return Source("BookShelf", reverse("posts:list"), Post.objects.published(), is_there=True)


def of_author(username: str) -> Source:
    if "\0" in username:  # which PostgreSQL refuses to compare with
        raise Http404("No such author.")
    author = get_object_or_404(User, username=username, is_active=True)
    posts = Post.objects.published().filter(author=author)
    return Source(username, reverse("posts:author", args=[username]), posts, is_there=True)


def of_book(pk: int) -> Source:
    found = get_object_or_404(Book.objects.select_related("merged_into"), pk=pk)
    book = found.merged_into or found
    return Source(str(book), book.get_absolute_url(), Post.objects.published().filter(book=book), is_there=False)


def of_tag(tag: str) -> Source:
    if not is_tag(tag):
        raise Http404("No such tag.")
    tagged = Tagging.objects.filter(visible("post__"), tag=tag).order_by("-published_at", "-post")[:PAGE_LENGTH]
    posts = Post.objects.filter(pk__in=tagged.values("post"))
    return Source(f"#{tag}", reverse("posts:tag", args=[tag]), posts, is_there=False)


class Entry(NamedTuple):
    """A post as feeds show it; addresses are absolute."""

    id: str  # does not change with the title
    url: str
    title: str
    author: str
    author_url: str
    summary: str
    html: str
    image: str
    tags: list[str]
    published: datetime
    updated: datetime


def entry_of(post: Post) -> Entry:
    assert post.published_at
    # Feed readers have no box to tick, and open everything.
    text = f"<p>{SPOILS}</p>" if post.shown_spoiler else HIDDEN.sub("…", post.html)
    return Entry(
        absolute(reverse("posts:detail", args=[post.pk])),
        absolute(post.get_absolute_url()),
        post.shown_title,
        post.author.get_username(),
        absolute(reverse("posts:author", args=[post.author.get_username()])),
        str(SPOILS) if post.shown_spoiler else post.excerpt,
        re.sub(r'href="/(?!/)', f'href="{settings.SITE_URL}/', text),
        cover_of(post.book),
        post.tag_names,
        post.published_at,
        post.shown_edited_at or post.published_at,
    )


class Atom(Atom1Feed):
    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["html"], {"type": "html"})


def atom(source: Source, entries: list[Entry], feed_url: str) -> HttpResponse:
    page = absolute(source.page)
    feed = Atom(for_xml(source.title), page, "", feed_url=feed_url, feed_guid=page, author_name="BookShelf")
    for entry in entries:
        picture = f'<p><img src="{entry.image}" alt=""></p>' if entry.image else ""
        feed.add_item(
            for_xml(entry.title),
            entry.url,
            escape(for_xml(entry.summary)),  # is told to be HTML
            unique_id=entry.id,
            author_name=for_xml(entry.author),
            author_link=entry.author_url,
            pubdate=entry.published,
            updateddate=entry.updated,
            categories=entry.tags,
            html=for_xml(picture + entry.html),
        )
    if not entries:
        feed.latest_post_date = lambda: EPOCH  # type: ignore[method-assign]  # else it would change all the time
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)


def for_xml(text: str) -> str:
    return NOT_IN_XML.sub("", text)


def json_feed(source: Source, entries: list[Entry], feed_url: str) -> HttpResponse:
    """https://www.jsonfeed.org/version/1.1/"""
    items = [
        {
            "id": entry.id,
            "url": entry.url,
            "title": entry.title,
            "summary": entry.summary,
            "content_html": entry.html,
            "date_published": entry.published.isoformat(),
            "date_modified": entry.updated.isoformat(),
            "authors": [{"name": entry.author, "url": entry.author_url}],
            "tags": entry.tags,
            **({"image": entry.image} if entry.image else {}),
        }
        for entry in entries
    ]
    told = {"version": "https://jsonfeed.org/version/1.1", "title": source.title, "items": items}
    addresses = {"home_page_url": absolute(source.page), "feed_url": feed_url}
    return JsonResponse(told | addresses, content_type="application/feed+json")


KINDS = {"atom": atom, "json": json_feed}


def feed(source_of: Callable[..., Source], kind: str) -> Callable[..., HttpResponse]:
    """The view of one; a reader that has it already is told so."""

    @conditional_page
    @require_safe
    def view(request: HttpRequest, **named: Any) -> HttpResponse:
        source = source_of(**named)
        newest = source.posts.select_related("author", "book").defer("body").order_by("-published_at", "-pk")
        entries = [entry_of(post) for post in newest[:PAGE_LENGTH]]
        if not entries and not source.is_there:
            raise Http404("No posts.")
        return KINDS[kind](source, entries, absolute(request.path))

    return view


OF: dict[str, Callable[..., Source]] = {
    "": of_site,
    "authors/<str:username>/": of_author,
    "books/<id:pk>/": of_book,
    "tags/<str:tag>/": of_tag,
}


def paths() -> list[URLPattern]:
    """Each feed stands below the page that it is of."""
    return [path(f"{at}feed.{kind}", feed(source_of, kind)) for at, source_of in OF.items() for kind in KINDS]
