"""What a page is about, as machines are told in its head: Open Graph (ogp.me) and schema.org."""

import json
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .models import Book, Post

SPOILS = gettext_lazy("This post gives away what happens in the book.")


def absolute(path: str) -> str:
    """The whole address: machines know no page that it could be relative to."""
    return settings.SITE_URL + path


class About(NamedTuple):
    """What a page is about, for its head: Open Graph and schema.org."""

    title: str
    type: str  # of Open Graph
    url: str
    description: str
    image: str
    data: dict[str, Any]

    def script(self) -> SafeString:
        """As data in the page. No browser runs it, and nothing in it ends it."""
        escapes = {ord(c): f"\\u{ord(c):04x}" for c in "<>&"}
        text = json.dumps({"@context": "https://schema.org"} | self.data).translate(escapes)
        return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))  # noqa: S308 — escaped


def about_post(post: Post) -> About:
    author = {"@type": "Person", "name": post.author.get_username()}
    author["url"] = absolute(reverse("posts:author", args=[author["name"]]))
    url, description = absolute(post.get_absolute_url()), str(SPOILS) if post.shown_spoiler else post.excerpt
    published, edited = post.published_at, post.shown_edited_at or post.published_at
    data: dict[str, Any] = {"@type": "BlogPosting", "headline": post.shown_title, "url": url, "author": author}
    data |= {"datePublished": published and published.isoformat(), "dateModified": edited and edited.isoformat()}
    if post.shown_book_title:
        # A review names what it is of; a post about no book is none.
        book: dict[str, Any] = {"@type": "Book", "name": post.shown_book_title}
        if post.shown_book_author:
            book["author"] = {"@type": "Person", "name": post.shown_book_author}
        if post.book and post.book.isbn:
            book["isbn"] = post.book.isbn
        data |= {"@type": "Review", "name": post.shown_title, "itemReviewed": book}
    if not post.shown_spoiler:
        data["reviewBody" if post.shown_book_title else "description"] = post.excerpt
    return About(post.shown_title, "article", url, description, cover_of(post.book), data)


def about_book(book: Book) -> About:
    url, image = absolute(book.get_absolute_url()), cover_of(book)
    data: dict[str, Any] = {"@type": "Book", "name": str(book), "url": url}
    if book.author:
        data["author"] = {"@type": "Person", "name": book.author}
    known = {"isbn": book.isbn, "datePublished": book.year, "image": image, "sameAs": book.source_url}
    data |= {name: value for name, value in known.items() if value}
    return About(str(book), "book", url, _("What readers write about %(book)s.") % {"book": book}, image, data)


def cover_of(book: Book | None) -> str:
    return absolute(reverse("cover", args=[book.cover_large])) if book and book.cover_large else ""
