"""The pages of the site: lists, a post, and what its author may do with it."""

import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .forms import NewCommentForm, NewPostForm, PostForm
from .models import EPOCH, Book, Post, PostQuerySet, posts_in_the_last_hour, slug_of
from .outbox import State
from .progress import add_progress
from .rendering import render_body

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


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def post_add(request: SignedInRequest) -> HttpResponse:
    form = NewPostForm(request.POST or None)
    if "preview" in request.POST:
        return preview(request, form)
    if request.method == "POST" and form.is_valid():
        key = form.cleaned_data["key"]
        post = Post.objects.filter(author=request.user, key=key).first() if key else None
        if post is None and quota_is_used_up(request.user):
            form.add_error(None, f"That is {settings.POSTS_PER_HOUR} posts within an hour. Please wait a little.")
        else:
            return redirect("posts:detail", (post or submit_once(form, request.user)).pk)
    return render(request, "posts/form.html", {"form": form})


def preview(request: HttpRequest, form: PostForm, post: Post | None = None) -> HttpResponse:
    """The form as it was typed, with what readers would see of it. Nothing is saved."""
    form.full_clean()
    body = form.cleaned_data.get("body")
    context = {"form": form, "post": post, "previewed": True, "preview": render_body(body) if body else None}
    return render(request, "posts/form.html", context)


def quota_is_used_up(author: User) -> bool:
    return 0 < settings.POSTS_PER_HOUR <= posts_in_the_last_hour(author.pk)


def submit_once(form: NewPostForm, author: User) -> Post:
    """Save a new post, or find the one that the same form has just become: of a double click

    1. both requests looked for a post with this key and found none,
    2. one inserted its post,
    3. the other runs into the constraint here, and answers with the first one's.
    """
    post: Post = form.save(commit=False)
    post.author = author
    post.key = form.cleaned_data["key"] or None
    try:
        with transaction.atomic():
            post.submit()
    except IntegrityError:
        first = Post.objects.filter(author=author, key=post.key).first() if post.key else None
        if first is None:
            raise
        return first
    return post


def own_post(request: SignedInRequest, pk: int) -> Post:
    """The person's post; to everybody else it does not exist."""
    return get_object_or_404(Post, pk=pk, author=request.user)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def post_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    post = own_post(request, pk)
    form = PostForm(request.POST or None, instance=post)
    if "preview" in request.POST:
        return preview(request, form, post)
    if request.method == "POST" and form.is_valid():
        if form.has_changed():
            with transaction.atomic():
                # Locked, or gone: deleted in another tab while this form was open.
                get_object_or_404(Post.objects.select_for_update(), pk=pk)
                post.edit()
        return redirect("posts:detail", pk)
    return render(request, "posts/form.html", {"form": form, "post": post})


@login_required
@require_POST
def post_retry(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give a post that was given up another try."""
    with transaction.atomic():
        post = get_object_or_404(Post.objects.select_for_update(), pk=pk, author=request.user)
        if post.state == State.FAILED:
            post.submit()
    return redirect("posts:detail", pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def post_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    post = own_post(request, pk)
    if request.method == "POST":
        post.delete()
        messages.success(request, f"“{post.title}” is deleted.")
        return redirect("posts:list")
    return render(request, "posts/delete.html", {"post": post})


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
