"""What a person follows and what they mute, as pages ask for it."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from .models import Interest


def interests_of(request: HttpRequest) -> list[Interest]:
    """What this reader follows and mutes; read once for a request, and not at all for somebody who is not logged in."""
    if not hasattr(request, "interests"):
        known = Interest.objects.filter(person=request.user.pk) if request.user.is_authenticated else []
        request.interests = list(known)  # type: ignore[attr-defined]
    found: list[Interest] = request.interests  # type: ignore[attr-defined]
    return found


def muted(request: HttpRequest) -> dict[str, Any]:
    """For every template: the streams that this reader is to be shown nothing of."""
    if not request.user.is_authenticated:
        return {}
    return {
        "muted": SimpleLazyObject(
            lambda: " ".join(
                each.stream for each in interests_of(request) if each.wish == Interest.Wish.MUTE and not each.post_id
            )
        )
    }


def muted_authors(request: HttpRequest) -> set[int]:
    """Their ids."""
    return {each.author_id for each in interests_of(request) if each.author_id and each.wish == Interest.Wish.MUTE}


def wish_for(request: HttpRequest, stream: str) -> dict[str, str]:
    """For a template: what this reader wants of an author, a book, a tag or a post; empty where they have not said."""
    return {"wish": next((each.wish for each in interests_of(request) if each.stream == stream), "")}
