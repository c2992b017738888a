"""Where a person reads what they are notified of."""

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from .following import record, wished
from .models import Interest, Notification, NotificationQuerySet, Post
from .notifications import notified, unread_of
from .views import PAGE_LENGTH, SignedInRequest, whole_number


def mine(request: SignedInRequest) -> NotificationQuerySet:
    return Notification.objects.filter(person=request.user)


@login_required
@require_safe
def inbox(request: SignedInRequest) -> HttpResponse:
    found = mine(request).to_be_seen().select_related("actor", "post").order_by("-pk")
    before = request.GET.get("before", "")
    if before:
        found = found.filter(pk__lt=whole_number(before))
    page = list(found.defer("post__body", "post__html")[: PAGE_LENGTH + 1])
    older = page[PAGE_LENGTH - 1].pk if len(page) > PAGE_LENGTH else None
    return render(request, "posts/notifications.html", {"notifications": page[:PAGE_LENGTH], "older": older})


@login_required
@require_safe
def follow(request: SignedInRequest, pk: int) -> HttpResponse:
    """To what it is about; it counts as read from now on."""
    one = get_object_or_404(mine(request).to_be_seen().select_related("post"), pk=pk)
    mark_read(request, mine(request).filter(pk=pk))
    return redirect(one)


@login_required
@require_POST
def read_all(request: SignedInRequest) -> HttpResponse:
    mark_read(request, mine(request))
    return redirect("posts:notifications")


@transaction.atomic
def mark_read(request: SignedInRequest, notifications: NotificationQuerySet) -> None:
    if notifications.filter(read_at__isnull=True).update(read_at=timezone.now()):
        notified.send(Notification, people=[request.user.pk])


@login_required
@never_cache
@require_safe
def unread(request: SignedInRequest) -> JsonResponse:
    return JsonResponse({"unread": unread_of([request.user.pk])[request.user.pk]})


@login_required
@require_POST
def mute_thread(request: SignedInRequest, pk: int) -> HttpResponse:
    """Hear no more of what is said to a post; or again, where `wish` is empty."""
    post = get_object_or_404(Post.objects.published(), pk=pk)
    record(request, Interest.Wish.MUTE if wished(request) == Interest.Wish.MUTE else "", post=post)
    return redirect(f"{post.get_absolute_url()}#comments")
