"""Where a person says what they follow and mute, and reads what is new of it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from .cards import rows_of
from .interests import interests_of
from .models import Book, Interest, Notification, Post, Tagging, visible
from .notifications import notified
from .tags import is_tag
from .views import SignedInRequest, cards, page_of

MOST_INTERESTS = 500  # of one person: those that are muted stand in each of their pages


@login_required
@require_safe
def following(request: SignedInRequest) -> HttpResponse:
    """What is new by the authors and about the books that this person follows."""
    mine = interests_of(request)
    posts = Post.objects.published().followed(mine).without_muted(mine)
    context = cards(rows_of(page_of(posts, request.GET.get("before"))))
    streams = [each.stream for each in mine if each.wish == Interest.Wish.FOLLOW]
    named = (
        Interest.objects.filter(person=request.user, post__isnull=True)
        .select_related("author", "book")
        .order_by("wish", "-pk")
    )
    return render(request, "posts/following.html", {**context, "streams": streams, "interests": named})


@login_required
@require_POST
def in_author(request: SignedInRequest, username: str) -> HttpResponse:
    author = get_object_or_404(User, username=username, is_active=True)
    if author != request.user:
        record(request, wished(request), author=author)
    return redirect("posts:author", username)


@login_required
@require_POST
def in_book(request: SignedInRequest, pk: int) -> HttpResponse:
    # As long as nothing is posted about it, nobody is to know of it.
    book = get_object_or_404(Book.objects.filter(visible("posts__")).distinct(), pk=pk)
    record(request, wished(request), book=book)
    return redirect(book)


@login_required
@require_POST
def in_tag(request: SignedInRequest, tag: str) -> HttpResponse:
    """Tags are muted, or not; they are not followed."""
    wish = wished(request).replace(Interest.Wish.FOLLOW, "")
    # What is muted can be heard again when its last post is gone, too.
    if not is_tag(tag) or (wish and not Tagging.objects.filter(tag=tag).exists()):
        raise Http404("No posts with it.")
    record(request, wish, tag=tag)
    return redirect("posts:tag", tag)


def wished(request: SignedInRequest) -> str:
    """What the form says; empty for nothing any more."""
    wish = request.POST.get("wish", "")
    return wish if wish in Interest.Wish.values else ""


def record(request: SignedInRequest, wish: str, **subject: Any) -> None:
    """Keep what this person wants of an author, a book, a tag or a post: one wish, or none where it is empty."""
    with transaction.atomic():
        # Or two at once would both be the last one allowed. What only refers to the person does not wait for this lock:
        # two who follow each other would wait for one another.
        User.objects.select_for_update(no_key=True).get(pk=request.user.pk)
        own = Interest.objects.filter(person=request.user)
        if not wish:
            own.filter(**subject).delete()
        elif own.exclude(**subject).count() >= MOST_INTERESTS:
            messages.error(
                request, _("You follow and mute %(n)s already, and more cannot be kept.") % {"n": MOST_INTERESTS}
            )
        else:
            Interest.objects.update_or_create(person=request.user, **subject, defaults={"wish": wish})
        notified.send(Notification, people=[request.user.pk])  # what is muted is not counted
