"""What authors do: write a post, look at it beforehand, edit it, try again what has failed, delete it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .candidates import candidates_for
from .drafts import NotKept, keep, names_in, saved
from .forms import NewPostForm, PostForm
from .models import Draft, Post
from .outbox import State
from .quotas import complaint_about_posts
from .rendering import render_body
from .views import SignedInRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def post_add(request: SignedInRequest) -> HttpResponse:
    form, names = NewPostForm(request.user, request.POST or None), names_in(request.POST)
    if "preview" in request.POST or "lookup" in request.POST:
        return preview(request, form)
    if "keep" in request.POST:
        return keep_for_later(request)
    if request.method == "POST" and form.is_valid():
        key = form.cleaned_data["key"]
        post = Post.objects.filter(author=request.user, key=key).first() if key else None
        complaint = "" if post else complaint_about_posts(request.user)
        if complaint:
            form.add_error(None, complaint)
        else:
            return saved(request, redirect("posts:detail", (post or submit_once(form, names)).pk))
    if request.method != "POST" and (name := request.GET.get("draft")):
        draft = get_object_or_404(Draft, author=request.user, name=name.replace("\0", ""))
        form, names = NewPostForm(request.user, initial=draft.fields), [draft.name]
    return page(request, form, names=names)


def page(request: SignedInRequest, form: PostForm, post: Post | None = None, **context: Any) -> HttpResponse:
    """The form, with the books that can be picked where that is asked for, or where one is."""
    typed = {name: str(form[name].value() or "") for name in ("isbn", "book_title", "book_author", "pick")}
    if "lookup" in request.POST:
        context["candidates"] = candidates_for(typed, request.user)
    elif typed["pick"]:
        context["candidates"] = candidates_for({"pick": typed["pick"]}, request.user)
    return render(request, "posts/form.html", {"names": names_in(request.POST), "form": form, "post": post, **context})


@login_required
@require_safe
def candidates(request: SignedInRequest) -> HttpResponse:
    """That part of the form, for what is being typed."""
    typed = {name: text for name, text in request.GET.items() if isinstance(text, str)}
    return render(request, "posts/_candidates.html", {"candidates": candidates_for(typed, request.user)})


def keep_for_later(request: SignedInRequest) -> HttpResponse:
    """What the button does that a page without scripts has for it."""
    try:
        keep(request.user, request.POST)
    except NotKept as error:
        messages.error(request, str(error))
        return page(request, NewPostForm(request.user, initial=request.POST.dict()))
    return saved(request, redirect("posts:drafts"))


def preview(request: SignedInRequest, form: PostForm, post: Post | None = None) -> HttpResponse:
    """The form as it was typed, with what readers would see of it, or what there is to pick. Nothing is saved."""
    if "lookup" in request.POST:
        form.is_bound, form.initial = False, request.POST.dict()  # as it was typed, whatever is wrong with it
        return page(request, form, post)
    form.full_clean()
    body = form.cleaned_data.get("body")
    return page(request, form, post, previewed=True, preview=render_body(body) if body else None)


def submit_once(form: NewPostForm, drafts: list[str]) -> Post:
    """Save a new post in the place of its drafts, or find the one that the same form has just become: of a double click

    1. both requests looked for a post with this key and found none,
    2. one inserted its post,
    3. the other runs into the constraint here, and answers with the first one's.
    """
    post: Post = form.save(commit=False)
    post.key = form.cleaned_data["key"] or None
    try:
        with transaction.atomic():
            post.submit()
            if drafts:
                Draft.objects.filter(author=post.author, name__in=drafts).delete()
    except IntegrityError:
        first = Post.objects.filter(author=post.author, key=post.key).first() if post.key else None
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
    if "preview" in request.POST or "lookup" in request.POST:
        return preview(request, form, post)
    if request.method == "POST" and form.is_valid():
        if form.has_changed():
            with transaction.atomic():
                # Locked, or gone: deleted in another tab while this form was open.
                get_object_or_404(Post.objects.select_for_update(), pk=pk)
                post.edit()
        return saved(request, redirect("posts:detail", pk))
    return page(request, form, post)


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
        messages.success(request, _("“%(title)s” is deleted.") % {"title": post.title})
        return redirect("posts:list")
    return render(request, "posts/delete.html", {"post": post})
