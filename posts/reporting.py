"""Where a reader reports a post or a comment to the moderators."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from .fields import TextField
from .models import REASON_LENGTH, Comment, Post, Report
from .talking import locked_post
from .views import SignedInRequest

MOST_REPORTS = 20  # of one person within an hour


class ReportForm(forms.Form):
    reason = TextField(
        label=_("What is wrong with it?"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        help_text=_("Moderators read this, and nobody else."),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@transaction.atomic
def report(request: SignedInRequest, pk: int, comment_pk: int | None = None) -> HttpResponse:
    thing: Post | Comment = locked_post(pk)
    if comment_pk is not None:
        visible = Comment.objects.filter(post=pk, hidden_at__isnull=True).select_related("post", "author")
        thing = get_object_or_404(visible, pk=comment_pk)
    if thing.author_id == request.user.pk:
        raise Http404("One's own need not be reported.")
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        about: dict[str, Any] = {"comment": thing} if isinstance(thing, Comment) else {"post": thing}
        open_ones = Report.objects.filter(reporter=request.user, closed_at__isnull=True, **about)
        since = timezone.now() - timedelta(hours=1)
        if open_ones.exists():
            messages.info(request, _("You have reported this already. A moderator will look at it."))
            return redirect(thing)
        if Report.objects.filter(reporter=request.user, created_at__gt=since).count() < MOST_REPORTS:
            # The post's lock is held: the same form that comes twice at once finds the first one's above.
            Report.objects.create(reporter=request.user, reason=form.cleaned_data["reason"], **about)
            messages.success(request, _("Thank you. A moderator will look at it."))
            return redirect(thing)
        form.add_error(None, _("That is %(n)s reports within an hour. Please wait a little.") % {"n": MOST_REPORTS})
    return render(request, "posts/report.html", {"form": form, "thing": thing})
