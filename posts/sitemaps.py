"""Where the pages are, for search engines (sitemaps.org), and where they need not look."""

from typing import Any

from django.conf import settings
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from .about import absolute
from .models import Book, Post

IDS_IN_A_MAP = 2_000  # a map may have 50,000 (https://www.sitemaps.org/protocol.html); so many take no time
MOST_MAPS = 50_000


def posts_in_maps() -> QuerySet[Any]:
    return Post.objects.published().only("slug", "published_at", "shown_edited_at")


def books_in_maps() -> QuerySet[Any]:
    return Book.objects.filter(Exists(Post.objects.published().filter(book=OuterRef("pk")))).only("title", "isbn")


IN_MAPS = {"posts": posts_in_maps, "books": books_in_maps}


@require_safe
def sitemap_index(request: HttpRequest) -> HttpResponse:
    """The maps, each of some numbers; to know how many there are nothing is counted."""
    maps = []
    for kind, rows in IN_MAPS.items():
        last = rows().model._default_manager.aggregate(last=Max("pk"))["last"] or 0
        maps += [absolute(reverse("posts:sitemap", args=[kind, n])) for n in range(last // IDS_IN_A_MAP + 1)]
    return render(request, "posts/sitemaps.xml", {"maps": maps[:MOST_MAPS]}, content_type="application/xml")


@require_safe
def sitemap(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    if kind not in IN_MAPS or number >= MOST_MAPS:
        raise Http404("No such map.")
    first = number * IDS_IN_A_MAP
    rows = IN_MAPS[kind]().filter(pk__gte=first, pk__lt=first + IDS_IN_A_MAP).order_by("pk")
    context = {"rows": rows, "site_url": settings.SITE_URL}
    return render(request, "posts/sitemap.xml", context, content_type="application/xml")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    closed = ["/accounts/", "/admin/", "/moderation/", "/report/", "/search/", "/updates/"]
    lines = ["User-agent: *", *(f"Disallow: {address}" for address in closed), f"Sitemap: {absolute('/sitemap.xml')}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")
