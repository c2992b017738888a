"""The search: posts, the newest first, and the books, authors and tags that are called so."""

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .cards import CardRow, rows_of
from .fields import IsbnField
from .index import MOST_NAMES, MOST_WORDS, NO_ID_IS_THIS_LARGE, asked, books, matching, newest, tag_word, words_in
from .interests import interests_of
from .models import Post
from .views import PAGE_LENGTH, whole_number

MOST_TYPED = 200


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    typed, before = request.GET.get("q", "")[:MOST_TYPED], request.GET.get("before")
    words = words_meant(typed)
    context: dict[str, Any] = {"query": typed, "words": words}
    with asked():
        if words:
            context |= page_of_posts(request, words, before)
        if words and not before:
            context |= {"books": list(books(words)), "authors": list(authors(words)), "tags": tags(words)}
    return render(request, "posts/search.html", context)


def words_meant(typed: str) -> list[str]:
    try:
        return [IsbnField().clean(typed)]
    except ValidationError:
        # A tag is written as pages show it; the # in C# tells it from C.
        return words_in(" ".join(word.lstrip("#") for word in typed.split()))[:MOST_WORDS]


def page_of_posts(request: HttpRequest, words: list[str], before: str | None) -> dict[str, Any]:
    """One page of cards; shorter where some of it is hidden or muted."""
    below = whole_number(before) if before else NO_ID_IS_THIS_LARGE
    ids = ids_of(matching(words, before=below, limit=PAGE_LENGTH + 1))
    posts = Post.objects.published().without_muted(interests_of(request)).filter(pk__in=ids[:PAGE_LENGTH])
    rows: list[CardRow] = sorted(rows_of(posts), key=lambda row: row.id, reverse=True)
    return {"rows": rows, "older": ids[PAGE_LENGTH - 1] if len(ids) > PAGE_LENGTH else None}


def ids_of(found: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(found.sql, found.params)
        return [row[0] for row in cursor.fetchall()]


def authors(words: list[str]) -> QuerySet[User]:
    named = User.objects.filter(pk__in=newest(words, "a:").values("author"), is_active=True)
    return named.order_by("username")[:MOST_NAMES]


def tags(words: list[str]) -> list[str]:
    beginning = tag_word(words)
    found = {tag for shown in newest([beginning]).values_list("shown_tags", flat=True) for tag in shown.split()}
    return sorted(tag for tag in found if tag_word(words_in(tag)).startswith(beginning))[:MOST_NAMES]
