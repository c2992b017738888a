"""The polling fallback: the same notices for a browser that gets no socket through."""

import json

from django.http import HttpResponse
from django.utils.http import quote_etag
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe

from . import log
from .cursor import Cursor
from .middleware import CursorRequest


def etag(request: CursorRequest) -> str:
    return quote_etag(str(request.cursor))


@require_safe
@cache_control(no_cache=True)
@condition(etag_func=etag)
def updates(request: CursorRequest) -> HttpResponse:
    head, since = request.cursor, request.GET.get("since")
    if since is None:
        return answer(head, [])
    place = log.usable(since, head)
    missed = log.read(place.epoch, place.number) if place else None
    if place is None or missed is None:
        return answer(head, [], reset=True)
    frames = log.frames(missed, place)
    return answer(frames[-1][0] if frames else place, [text for _, text in frames])


def answer(cursor: Cursor, frames: list[str], *, reset: bool = False) -> HttpResponse:
    # The notices are JSON already, the same text as on a socket.
    body = f'{{"cursor": {json.dumps(str(cursor))}, "notices": [{", ".join(frames)}], "reset": {json.dumps(reset)}}}'
    return HttpResponse(body, content_type="application/json")
