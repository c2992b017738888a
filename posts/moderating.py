"""Where moderators see what is reported, decide about it, and find what was decided."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.db.models import Count, Min, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from .fields import TextField
from .models import REASON_LENGTH, Act, Comment, Post, Report
from .moderation import Deed, decide, is_suspended, keeps_order, may_be_suspended, reinstate, suspend
from .views import PAGE_LENGTH, SignedInRequest, whole_number

MODELS: dict[str, type[Post] | type[Comment]] = {"posts": Post, "comments": Comment}
SHOWN = {"posts": ["author"], "comments": ["author", "post"]}  # what pages name beside
MOST_SHOWN = 50  # reports, or acts, about one thing: the first ones, and the last ones


class ReasonForm(forms.Form):
    reason = TextField(
        label=_("Why?"),
        max_length=REASON_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )

    def __init__(self, deed: Deed | None, *args: Any) -> None:
        super().__init__(*args)
        # Whoever is hidden or suspended is owed one.
        self.fields["reason"].required = deed in (Deed.HIDE, Deed.SUSPEND)
        self.fields["reason"].widget.is_required = False  # the same form has buttons that need none


class Reported(NamedTuple):
    """A thing in the queue: the kind as in addresses, the first of its open reports, and how many they are."""

    kind: str
    thing: Post | Comment
    first: Report
    number: int


def for_moderators(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """To all others who are logged in there is no such page."""

    @login_required
    @wraps(view)
    def wrapped(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not keeps_order(request.user):
            raise Http404("No such page.")
        return view(request, *args, **kwargs)

    return wrapped


@for_moderators
@require_safe
def queue(request: SignedInRequest) -> HttpResponse:
    """What is reported and not decided, the longest waiting first."""
    groups = Report.objects.filter(closed_at__isnull=True).values("post", "comment")
    after = whole_number(request.GET.get("after") or "0")
    waiting = groups.annotate(first=Min("pk"), number=Count("pk")).filter(first__gt=after).order_by("first")
    found = list(waiting[: PAGE_LENGTH + 1])
    page = found[:PAGE_LENGTH]
    numbers = {group["first"]: group["number"] for group in page}
    known = ("reporter", "post__author", "comment__author", "comment__post")
    firsts = Report.objects.filter(pk__in=numbers).select_related(*known).order_by("pk")
    reported = [
        Reported("posts" if first.post else "comments", thing, first, numbers[first.pk])
        for first in firsts
        if (thing := first.post or first.comment)
    ]
    later = page[-1]["first"] if len(found) > PAGE_LENGTH else None
    return render(request, "posts/moderation/queue.html", {"reported": reported, "later": later})


@for_moderators
@require_safe
def hidden(request: SignedInRequest, kind: str) -> HttpResponse:
    """The posts, or the comments, that are hidden, the newest first."""
    found = MODELS[kind]._default_manager.filter(hidden_at__isnull=False).order_by("-pk")
    found = found.select_related(*SHOWN[kind])
    return render(request, "posts/moderation/hidden.html", {"kind": kind, **page_before(request, found)})


@for_moderators
@require_safe
def acts(request: SignedInRequest) -> HttpResponse:
    """All that was ever decided, the latest first."""
    return render(request, "posts/moderation/acts.html", page_before(request, Act.objects.order_by("-pk")))


def page_before(request: SignedInRequest, rows: Any) -> dict[str, Any]:
    """For a template: one page of `rows`, the newest first, and where the next page starts if there is one."""
    before = request.GET.get("before", "")
    if before:
        rows = rows.filter(pk__lt=whole_number(before))
    found = list(rows[: PAGE_LENGTH + 1])
    page = found[:PAGE_LENGTH]
    return {"rows": page, "older": page[-1].pk if len(found) > PAGE_LENGTH else None}


@for_moderators
@require_http_methods(["GET", "HEAD", "POST"])
def thing(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """One post or comment: what is said against it, what was decided about it, and what to do with it."""
    there = Q(published_at__isnull=False) if kind == "posts" else Q()
    found = get_object_or_404(MODELS[kind]._default_manager.filter(there).select_related(*SHOWN[kind]), pk=pk)
    deed = deed_of(request, Deed.HIDE, Deed.RESTORE, Deed.DISMISS)
    form = ReasonForm(deed, request.POST or None)
    if deed and form.is_valid():
        if decide(deed, found, request.user, form.cleaned_data["reason"]):
            messages.success(request, _("Done, and written down."))
        else:
            messages.info(request, _("That was decided already."))
        return redirect("posts:moderation" if deed != Deed.RESTORE else request.path)
    reports = found.reports.filter(closed_at__isnull=True).select_related("reporter").order_by("pk")
    context = {"kind": kind, "thing": found, "reports": reports[:MOST_SHOWN], "form": form}
    decided = found.acts.order_by("-pk")[:MOST_SHOWN]
    return render(request, "posts/moderation/thing.html", {**context, "rows": decided})


@for_moderators
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: SignedInRequest, pk: int) -> HttpResponse:
    """One account: what was decided about it and what is its, and to suspend it or to reinstate it."""
    found = get_object_or_404(User, pk=pk)
    deed = deed_of(request, Deed.SUSPEND, Deed.REINSTATE)
    form = ReasonForm(deed, request.POST or None)
    if deed and form.is_valid():
        act = suspend if deed == Deed.SUSPEND else reinstate
        if act(found, request.user, form.cleaned_data["reason"]):
            messages.success(request, _("Done, and written down."))
        else:
            messages.error(request, _("That cannot be done, or was done already."))
        return redirect(request.path)
    context = {"person": found, "is_suspended": is_suspended(found), "may_be_suspended": may_be_suspended(found)}
    decided = Act.objects.filter(person=found).order_by("-pk")[:MOST_SHOWN]
    return render(request, "posts/moderation/person.html", {**context, "form": form, "rows": decided})


def deed_of(request: SignedInRequest, *deeds: Deed) -> Deed | None:
    """The one of these that the pressed button says; None where nothing is sent.

    Raises:
        BadRequest: it says something else.
    """
    if request.method != "POST":
        return None
    said = request.POST.get("deed")
    if said not in deeds:
        raise BadRequest("No button says that.")
    return Deed(said)
