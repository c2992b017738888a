"""The operator's page on the pipeline: what waits, what failed, how the catalogues are, and how the canary sings."""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from statistics import median
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_celery_results.models import TaskResult

from bookshelf.history import told_by
from posts.models import Post
from posts.outbox import State
from tasks.enrich import sweep
from tasks.models import Reading, Song
from tasks.queue import ENRICH

HOURS_OF_READINGS, HOURS_OF_SONGS = 6, 24
MOST_ATTEMPTS_READ = 1000  # of the workers' history, for the catalogues' health
MOST_SHOWN = 20  # posts
MOST_RETRIED = 200  # at once
HEIGHT = 60  # of a drawing, in its own units; one for each reading is its width

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
def pipeline(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        messages.success(request, act(request))
        return redirect(request.path)
    now = timezone.now()
    due = Post.objects.filter(due_at__isnull=False)
    late, failed = Post.objects.late(now), Post.objects.filter(state=State.FAILED).order_by("-pk")
    readings = list(Reading.objects.filter(at__gt=now - timedelta(hours=HOURS_OF_READINGS)).order_by("at"))
    songs = list(Song.objects.filter(at__gt=now - timedelta(hours=HOURS_OF_SONGS)).order_by("at"))
    times = [song.milliseconds for song in songs if song.milliseconds is not None]
    context: dict[str, Any] = {
        "title": _("Pipeline"),
        "states": {
            _("published"): Post.objects.published().count(),
            _("waiting or at work"): due.filter(published_at__isnull=True).count(),
            _("published, with an edit or a cover to come"): due.filter(published_at__isnull=False).count(),
            _("failed"): failed.count(),
        },
        "overdue": list(late.select_related("author")[:MOST_SHOWN]),
        "failed": list(failed.select_related("author")[:MOST_SHOWN]),
        "readings": readings,
        "queue": drawn([reading.queued or 0 for reading in readings]),
        "late": drawn([reading.overdue for reading in readings]),
        "health": health(),
        "songs": songs[::-1][:MOST_SHOWN],
        "singing": drawn([song.milliseconds or 0 for song in songs]),
        "usual": round(median(times)) if times else None,
        "worst": max(times, default=None),
        "silent": len(songs) - len(times),
    }
    return TemplateResponse(request, "admin/pipeline.html", context)


def act(request: HttpRequest) -> str:
    """Do what a button says; gives what was done, in words."""
    person = request.user.get_username() if isinstance(request.user, User) else ""
    if "requeue" in request.POST:
        sweep()
        said = _("What is overdue was put in the queue.")
    else:
        wanted = request.POST.get("retry", "")
        tried = retry(int(wanted) if wanted.isascii() and wanted.isdigit() else None)
        said = _("Posts that are tried again: %(n)s.") % {"n": tried}
    logger.info("%s asked for it: %s", person, said)
    return said


@transaction.atomic
def retry(pk: int | None) -> int:
    """Give failed posts another try: one, or the first of all of them. Gives how many."""
    failed = Post.objects.select_for_update().filter(state=State.FAILED).order_by("pk")
    if pk is not None:
        failed = failed.filter(pk=min(pk, 2**62))
    found = list(failed[:MOST_RETRIED])
    for post in found:
        post.submit()
    return len(found)


def health() -> dict[str, dict[str, int]]:
    """How often each catalogue gave which outcome, of the last attempts."""
    latest = TaskResult.objects.filter(task_name=ENRICH).order_by("-date_done").values_list("result", flat=True)
    told = filter(None, map(told_by, latest[:MOST_ATTEMPTS_READ]))
    counts: dict[str, dict[str, int]] = {}
    for (source, outcome), number in Counter(pair for each in told for pair in each["sources"].items()).items():
        counts.setdefault(source, {})[outcome] = number
    return counts


def drawn(numbers: Sequence[int]) -> dict[str, Any]:
    """A line for these numbers, and in words what is to be seen in it."""
    most = max(numbers, default=0)
    points = " ".join(
        f"{place},{HEIGHT - round(HEIGHT * number / (most or 1))}" for place, number in enumerate(numbers)
    )
    last = numbers[-1] if numbers else 0
    return {"points": points, "width": max(len(numbers) - 1, 1), "height": HEIGHT, "most": most, "last": last}
