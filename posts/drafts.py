"""Lets a page know that what it keeps as a draft has arrived."""

import re

from django.http import HttpRequest, HttpResponse

COOKIE = "saved"  # static/js/draft.js reads it on the next page, and takes it away
SECONDS = 600


def saved(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer to a form that was accepted, with the name that its page gave the draft of it."""
    draft = request.POST.get("draft", "")
    if re.fullmatch(r"[0-9a-f-]{1,40}", draft):
        response.set_cookie(COOKIE, draft, max_age=SECONDS, secure=request.is_secure(), samesite="Lax")
    return response
