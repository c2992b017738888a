"""Where browsers say that a page wanted what the policy forbids: a mistake of ours, or somebody's script."""

import json
import logging
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from prometheus_client import Counter

from bookshelf.logs import without_key
from updater.middleware import cursor_exempt

LONGEST = 8192  # bytes
MOST_TOLD = 100  # different ones; anybody can send some, and the log is not theirs to fill
FIELDS = ("document-uri", "effective-directive", "blocked-uri", "source-file")

violations = Counter("bookshelf_policy_violations", "Reports of browsers that a page wanted what the policy forbids.")
told: set[tuple[str, ...]] = set()
logger = logging.getLogger(__name__)


@cursor_exempt
@csrf_exempt
@require_POST
def policy_report(request: HttpRequest) -> HttpResponse:
    """Takes what a browser sends to the policy's `report-uri` (CSP level 3, 5.1), and logs each kind once."""
    try:
        report: Any = json.loads(request.body) if len(request.body) <= LONGEST else None
        said = {name: str(report["csp-report"].get(name, "")) for name in FIELDS}
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return HttpResponseBadRequest()
    violations.inc()
    # Of addresses no more than the path.
    seen = tuple(without_key(text.partition("?")[0].partition("#")[0])[:200] for text in said.values())
    if seen not in told and len(told) < MOST_TOLD:
        told.add(seen)
        logger.warning("A page wanted what the policy forbids: %s", dict(zip(FIELDS, seen, strict=True)))
    return HttpResponse(status=204)
