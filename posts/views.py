"""What is there to read: the lists, a post with its comments, a cover."""

import re
from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from .forms import NewCommentForm
from .models import EPOCH, Book, Post, PostQuerySet, slug_of
from .progress import add_progress

PAGE_LENGTH = 20
COMMENTS_LENGTH = 50


class SignedInRequest(HttpRequest):
    """What a view behind login_required is given."""

    user: User


@require_safe
def post_list(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before")
    posts = page_of(Post.objects.published(), before)
    # An author finds again what is still on its way.
    own = Post.objects.waiting(request.user.pk)[:PAGE_LENGTH] if request.user.is_authenticated and not before else []
    add_progress(own)
    return render(request, "posts/list.html", {**cards(posts), "waiting": own})


@require_safe
def book_detail(request: HttpRequest, pk: int, slug: str | None = None) -> HttpResponse:
    book = get_object_or_404(Book, pk=pk)
    posts = page_of(Post.objects.published().filter(book=book), request.GET.get("before"))
    if not posts:  # its row may be of a post that nobody is to know of yet
        raise Http404("No posts about it.")
    if slug != slug_of(str(book)):
        return redirect(book)
    return render(request, "posts/book.html", {**cards(posts), "book": book})


@require_safe
def author_detail(request: HttpRequest, username: str) -> HttpResponse:
    if "\0" in username:  # which PostgreSQL refuses to compare with
        raise Http404("No such author.")
    author = get_object_or_404(User, username=username, is_active=True)
    posts = page_of(Post.objects.published().filter(author=author), request.GET.get("before"))
    return render(request, "posts/author.html", {**cards(posts), "author": author})


@login_required
@require_safe
def mine(request: SignedInRequest) -> HttpResponse:
    """All of one's own posts, the newest first, and how far each has come."""
    before = request.GET.get("before", "")
    posts = Post.objects.filter(author=request.user).order_by("-pk").with_card()
    if before:
        posts = posts.filter(pk__lt=whole_number(before))
    page = list(posts[: PAGE_LENGTH + 1])
    add_progress(page)
    waits = any(post.is_being_worked_on for post in page)
    return render(request, "posts/mine.html", {**cards(page), "waits": waits})


def cards(posts: list[Post]) -> dict[str, Any]:
    """For a template: one page of the posts that `page_of` gave, and whether another page follows."""
    return {"posts": posts[:PAGE_LENGTH], "more": len(posts) > PAGE_LENGTH}


def whole_number(text: str) -> int:
    """Raises Http404 where the text is none that a primary key could be."""
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise Http404("No page starts there.")
    return int(text)


def page_of(posts: PostQuerySet, before: str | None) -> list[Post]:
    """One page, and one post more where another page follows.

    Args:
        before: the `page_mark` of the last post of the page above; None for the first page.

    Raises:
        Http404: `before` is not such a mark.
    """
    if before is not None:
        mark = re.fullmatch(r"([0-9]{1,17})-([0-9]{1,18})", before)
        if not mark:
            raise Http404("No page starts there.")
        posts = posts.before(EPOCH + timedelta(microseconds=int(mark[1])), int(mark[2]))
    return list(posts.newest_first().with_card()[: PAGE_LENGTH + 1])


@require_safe
def post_detail(request: HttpRequest, pk: int, slug: str | None = None) -> HttpResponse:
    post = get_object_or_404(Post.objects.select_related("author", "book"), pk=pk)
    if post.published_at is None:
        if request.user != post.author:
            raise Http404("Not published.")
        if slug is not None:
            return redirect("posts:detail", pk)
        add_progress([post])
        return render(request, "posts/waiting.html", {"post": post})
    if slug != post.slug:
        return redirect(post)
    is_liked = request.user.is_authenticated and post.likes.filter(person=request.user).exists()
    add_progress([post])
    context = {"post": post, "is_liked": is_liked, "form": NewCommentForm(), **page_of_comments(post, None)}
    return render(request, "posts/detail.html", context)


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
