"""What a page adds to the cards for its own reader: the numbers of this moment, their own likes, their own progress."""

import re
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .models import Like, Post, visible
from .progress import add_progress

MOST_IDS = 100


@never_cache
@require_safe
def post_state(request: HttpRequest) -> JsonResponse:
    """`?ids=1,2`: an object by id, without those that this reader cannot see."""
    text = request.GET.get("ids", "")
    if not re.fullmatch(r"(?:[0-9]{1,18}(?:,[0-9]{1,18})*)?", text, re.ASCII):
        return JsonResponse({"error": "ids are numbers with commas between them"}, status=400)
    ids = [int(number) for number in text.split(",") if number]
    if len(ids) > MOST_IDS:
        return JsonResponse({"error": f"more than {MOST_IDS} ids"}, status=400)
    return JsonResponse(state_of(ids, request.user))


def state_of(ids: list[int], person: User | AnonymousUser) -> dict[str, Any]:
    """By id: `likes`, `comments`, `talk` (another number where a comment has changed), `liked` (by this person); of
    their own posts also `progress`."""
    own = Q(author_id=person.pk) if person.is_authenticated else Q()
    posts = list(Post.objects.filter(visible() | own, pk__in=ids).defer("body", "html"))
    liked: set[int] = set()
    if person.is_authenticated:
        liked = set(Like.objects.filter(person=person, post__in=posts).values_list("post_id", flat=True))
    add_progress(post for post in posts if post.author_id == person.pk)
    return {str(post.pk): _state(post, post.pk in liked, post.author_id == person.pk) for post in posts}


def _state(post: Post, liked: bool, own: bool) -> dict[str, Any]:
    state: dict[str, Any] = {
        "likes": post.like_count,
        "comments": post.comment_count,
        "talk": post.talk_number,
        "liked": liked,
    }
    if own:
        state["progress"] = {"step": post.progress.step, "detail": post.progress.detail}
    return state
