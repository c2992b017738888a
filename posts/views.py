"""The pages of the site: lists, a post, and what its author may do with it."""

import re
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from .forms import NewPostForm, PostForm
from .models import EPOCH, Post, PostQuerySet, posts_in_the_last_hour

PAGE_LENGTH = 20


class SignedInRequest(HttpRequest):
    """What a view behind login_required is given."""

    user: User


@require_safe
def post_list(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before")
    posts = page_of(Post.objects.published(), before)
    # An author finds again what is still on its way.
    own = Post.objects.waiting(request.user.pk)[:PAGE_LENGTH] if request.user.is_authenticated and not before else []
    context = {"posts": posts[:PAGE_LENGTH], "more": len(posts) > PAGE_LENGTH, "waiting": own}
    return render(request, "posts/list.html", context)


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
        return render(request, "posts/waiting.html", {"post": post})
    if slug != post.slug:
        return redirect(post)
    return render(request, "posts/detail.html", {"post": post})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def post_add(request: SignedInRequest) -> HttpResponse:
    form = NewPostForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        key = form.cleaned_data["key"]
        post = Post.objects.filter(author=request.user, key=key).first() if key else None
        if post is None and quota_is_used_up(request.user):
            form.add_error(None, f"That is {settings.POSTS_PER_HOUR} posts within an hour. Please wait a little.")
        else:
            return redirect("posts:detail", (post or submit_once(form, request.user)).pk)
    return render(request, "posts/form.html", {"form": form})


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
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            # Locked, or gone: deleted in another tab while this form was open.
            get_object_or_404(Post.objects.select_for_update(), pk=pk)
            post.edit()
        return redirect("posts:detail", pk)
    return render(request, "posts/form.html", {"form": form, "post": post})


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
