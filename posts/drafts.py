"""What is being written and is not sent yet: kept by the page in its browser, and here as a draft of its author's.

Both go when the post that has become of it is saved, and not before. Two pages of one author are two drafts, also of
one text: one that comes back is a nuisance, one that is lost is a loss.
"""

import re
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from .forms import PostForm
from .models import Draft
from .views import SignedInRequest

COOKIE = "saved"  # static/js/draft.js reads it on the next page, and takes it away
SECONDS = 600
MOST_DRAFTS = 20  # of one author


class NotKept(Exception):
    """Says in words why there is no draft."""


def saved(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer to a form that was accepted, with the name that its page gave the draft of it."""
    names = names_in(request.POST)
    if names:
        response.set_cookie(COOKIE, names[0], max_age=SECONDS, secure=request.is_secure(), samesite="Lax")
    return response


def names_in(sent: QueryDict) -> list[str]:
    """Of the draft that a form is, and of the one that it was made of where its page had brought that back."""
    names = [sent.get(field, "") for field in ("draft", "replaces")]
    return [name for name in names if re.fullmatch(r"[0-9a-f-]{1,40}", name)]


def typed_in(sent: QueryDict) -> dict[str, str]:
    """The fields of a post's form as they were typed.

    Raises:
        NotKept: one is far longer than any post's.
    """
    typed = {name: sent.get(name, "").replace("\0", "") for name in PostForm.base_fields}
    for name, text in typed.items():
        # What is somewhat too long is mended later.
        if len(text) > 2 * getattr(PostForm.base_fields[name], "max_length", 10):
            raise NotKept(
                _("“%(field)s” is too long to be kept as a draft.")
                % {"field": PostForm.base_fields[name].label or name}
            )
    return typed


@transaction.atomic
def keep(author: User, sent: QueryDict) -> Draft:
    """Save what was sent as a draft, in the place of the one that it was made of.

    Raises:
        NotKept: it is too long, or there are as many as there may be.
    """
    fields = typed_in(sent)
    name, *replaced = names_in(sent) or [uuid.uuid4().hex]
    # Or two at once would both be the last one allowed. What only refers to the person does not wait for this lock.
    User.objects.select_for_update(no_key=True).get(pk=author.pk)
    Draft.objects.filter(author=author, name__in=replaced).exclude(name=name).delete()
    if Draft.objects.filter(author=author).exclude(name=name).count() >= MOST_DRAFTS:
        raise NotKept(
            _("You have %(n)s drafts already. Publish or delete one of them to keep this one.") % {"n": MOST_DRAFTS}
        )
    values: dict[str, Any] = {"fields": fields, "modified_at": timezone.now()}
    return Draft.objects.update_or_create(author=author, name=name, defaults=values)[0]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def drafts(request: SignedInRequest) -> HttpResponse:
    """One's own, the newest first; and where a page sends what is being typed."""
    if request.method == "POST":
        try:
            keep(request.user, request.POST)
        except NotKept as error:
            return JsonResponse({"error": str(error)}, status=409)
        return JsonResponse({})
    return render(request, "posts/drafts.html", {"drafts": request.user.drafts.order_by("-modified_at", "-pk")})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def draft_delete(request: SignedInRequest, name: str) -> HttpResponse:
    draft = get_object_or_404(Draft, author=request.user, name=name.replace("\0", ""))
    if request.method == "POST":
        draft.delete()
        messages.success(request, _("The draft is deleted."))
        return redirect("posts:drafts")
    return render(request, "posts/draft_delete.html", {"draft": draft})
