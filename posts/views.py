"""What is there to read: the lists, a post with its comments, a cover."""

import re
from datetime import timedelta
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from .about import about_book, about_post
from .cards import CardRow, rows_and_book, rows_of
from .forms import NewCommentForm
from .interests import interests_of, muted_authors, wish_for
from .models import EPOCH, Book, Post, Tagging, slug_of, visible
from .moderation import keeps_order, may_correct, why_hidden
from .progress import add_progress
from .tags import is_tag, tag_of
from .unchanged import Page, conditional

PAGE_LENGTH = 20
COMMENTS_LENGTH = 50


class SignedInRequest(HttpRequest):
    """What a view behind login_required is given."""

    user: User


@require_safe
@conditional
def post_list(request: HttpRequest) -> Page:
    before = request.GET.get("before")
    rows = rows_of(page_of(Post.objects.published().without_muted(interests_of(request)), before))

    def context() -> dict[str, Any]:
        # An author finds again what is still on its way.
        author = request.user.pk if not before else None
        own = Post.objects.waiting(author)[:PAGE_LENGTH] if author else []
        add_progress(own)
        return {**cards(rows), "waiting": own}

    return Page("posts/list.html", shown(rows), context)


@require_safe
@conditional
def book_detail(request: HttpRequest, pk: int, slug: str | None = None) -> Page | HttpResponse:
    rows, book = rows_and_book(page_of(Post.objects.published().filter(book=pk), request.GET.get("before")))
    if not book:  # its row may be of a post that nobody is to know of yet
        return redirect(get_object_or_404(Book, merged=pk))
    if slug != slug_of(str(book)):
        return redirect(book)

    def context() -> dict[str, Any]:
        page, muted = cards(rows), muted_authors(request)
        page["rows"] = [row for row in page["rows"] if row.author_id not in muted]
        return {
            **page,
            "book": book,
            "about": about_book(book),
            "may_correct": may_correct(request.user, book),
            **wish_for(request, f"book:{pk}"),
        }

    return Page("posts/book.html", (*shown(rows), book.author, book.about), context)


@require_safe
@conditional
def author_detail(request: HttpRequest, username: str) -> Page:
    if "\0" in username:  # which PostgreSQL refuses to compare with
        raise Http404("No such author.")
    authors = User.objects.filter(username=username, is_active=True)
    # In one query, within which the author is looked up first and once.
    posts = Post.objects.published().filter(author=Subquery(authors.values("pk")))
    rows = rows_of(page_of(posts, request.GET.get("before")))
    author = rows[0].author() if rows else get_object_or_404(authors)
    return Page(
        "posts/author.html",
        (*shown(rows), author.pk),
        lambda: {**cards(rows), "author": author, **wish_for(request, f"author:{author.pk}")},
    )


@require_safe
@conditional
def tag_detail(request: HttpRequest, tag: str) -> Page | HttpResponse:
    if not is_tag(tag):
        if is_tag(tag_of(tag)):
            return redirect("posts:tag", tag_of(tag))
        raise Http404("No such tag.")
    # In the tags' own index, whose one page names the posts.
    page = page_of(Tagging.objects.filter(visible("post__"), tag=tag), request.GET.get("before"), "post")
    rows = sorted(rows_of(Post.objects.filter(pk__in=page.values("post"))), key=CardRow.place, reverse=True)
    if not rows:
        raise Http404("No posts with it.")

    def context() -> dict[str, Any]:
        found, muted = cards(rows), muted_authors(request)
        found["rows"] = [row for row in found["rows"] if row.author_id not in muted]
        return {**found, "tag": tag, **wish_for(request, f"tag:{tag}")}

    return Page("posts/tag.html", shown(rows), context)


@login_required
@require_safe
def mine(request: SignedInRequest) -> HttpResponse:
    """All of one's own posts, the newest first, and how far each has come."""
    before = request.GET.get("before", "")
    posts = Post.objects.filter(author=request.user).order_by("-pk").select_related("author", "book")
    if before:
        posts = posts.filter(pk__lt=whole_number(before))
    found = list(posts.defer("body", "html")[: PAGE_LENGTH + 1])
    page = found[:PAGE_LENGTH]
    add_progress(page)
    waits = any(post.is_being_worked_on for post in page)
    older = page[-1].pk if len(found) > PAGE_LENGTH else None
    context = {"posts": page, "older": older, "waits": waits, "keeps_order": keeps_order(request.user)}
    return render(request, "posts/mine.html", context)


def cards(rows: list[CardRow]) -> dict[str, Any]:
    """For a template: one page of the rows that `page_of` found, and where the next page starts if there is one."""
    page = rows[:PAGE_LENGTH]
    return {"rows": page, "older": page[-1].mark if len(rows) > PAGE_LENGTH else None}


def shown(rows: list[CardRow]) -> tuple[object, ...]:
    """The same of what a reader sees."""
    return tuple(rows[:PAGE_LENGTH]), len(rows) > PAGE_LENGTH


def whole_number(text: str) -> int:
    """Raises Http404 where the text is none that a primary key could be."""
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise Http404("No page starts there.")
    return int(text)


Rows = TypeVar("Rows", bound=QuerySet[Any])


def page_of(rows: Rows, before: str | None, post: str = "pk") -> Rows:
    """One page of published posts, or of taggings, and one more where another page follows; the newest first.

    Args:
        post: the column with the post's number.
        before: the mark of the last post of the page above; None for the first page.

    Raises:
        Http404: `before` is not such a mark.
    """
    if before is not None:
        mark = re.fullmatch(r"([0-9]{1,17})-([0-9]{1,18})", before)
        if not mark:
            raise Http404("No page starts there.")
        published_at = EPOCH + timedelta(microseconds=int(mark[1]))
        below = Q(published_at__lt=published_at) | Q(**{f"{post}__lt": int(mark[2])})
        # The first condition alone is redundant; it is the one an index can start from.
        rows = rows.filter(published_at__lte=published_at).filter(below)
    return rows.order_by("-published_at", f"-{post}")[: PAGE_LENGTH + 1]


@require_safe
@conditional
def post_detail(request: HttpRequest, pk: int, slug: str | None = None) -> Page | HttpResponse:
    post = get_object_or_404(Post.objects.select_related("author", "book"), pk=pk)
    if post.published_at is None:
        if request.user != post.author:
            raise Http404("Not published.")
        if slug is not None:
            return redirect("posts:detail", pk)
        add_progress([post])
        return render(request, "posts/waiting.html", {"post": post})
    if post.hidden_at is not None and request.user != post.author and not keeps_order(request.user):
        raise Http404("Hidden.")
    if slug != post.slug:
        return redirect(post)
    if post.hidden_at is not None:
        return render(request, "posts/hidden.html", {"post": post, "reason": why_hidden(post)})

    def context() -> dict[str, Any]:
        is_liked = request.user.is_authenticated and post.likes.filter(person=request.user).exists()
        if post.author_id == request.user.pk:
            add_progress([post])
        own = {"is_liked": is_liked, "keeps_order": keeps_order(request.user), **wish_for(request, f"post:{pk}")}
        return {
            "post": post,
            "about": about_post(post),
            "form": NewCommentForm(),
            **own,
            **page_of_comments(post, None),
        }

    return Page("posts/detail.html", post.on_page, context)


def page_of_comments(post: Post, before: str | None) -> dict[str, Any]:
    """For a template: one page of a post's comments, the newest first, and whether older ones follow.

    Args:
        before: the id of the last comment of the page before; None for the first page.

    Raises:
        Http404: `before` is no id.
    """
    comments = post.comments.select_related("author").order_by("-pk")
    if before is not None:
        comments = comments.filter(pk__lt=whole_number(before))
    page = list(comments[: COMMENTS_LENGTH + 1])
    return {"comments": page[:COMMENTS_LENGTH], "older": len(page) > COMMENTS_LENGTH}


@require_safe
def cover(request: HttpRequest, name: str) -> HttpResponse:
    """A stored cover. Its name is made of its content, so it never changes."""
    try:
        with default_storage.open(f"covers/{name}.webp") as file:
            image = file.read()
    except FileNotFoundError:
        raise Http404("No such cover.") from None
    return HttpResponse(
        image, content_type="image/webp", headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )
