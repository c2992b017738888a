"""A row that is its own place in the queue: whoever holds its token may finish it, and nobody else.

The queue in front of the workers may lose, repeat or reorder what it likes: what is to be done, when, and who is
doing it stands in the row. A life, in order:

1. `submit` (a person saved): pending, due now, no token.
2. `claim` (a worker): processing, a fresh token, due when the lease runs out.
3. `finish` or `postpone`, both fenced: they act only while that token stands. A newer `submit` has cleared it,
   and what the worker made of the older text is dropped. Finished may be for now: with something to be added later.
4. A worker that died leaves a lease that runs out; the sweep makes the row pending again and so fences it off.

`due_at` says when the sweep puts the row in the queue (again), `not_before` when a worker may take it: a message
too many, of which a queue may hold several, shortens nobody's back-off.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LEASE = timedelta(seconds=40)  # longer than the hard limit of a task, 30 s
# A row that came this often to nothing is broken or breaks its workers; a person has to look.
MOST_ATTEMPTS = 20


class State(models.TextChoices):
    PENDING = "pending", _("waiting")
    PROCESSING = "processing", _("at work")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


Row = TypeVar("Row", bound="Outbox")


class OutboxQuerySet(models.QuerySet[Row]):
    def overdue(self, now: datetime) -> Self:
        """Rows with work to do whose time has come, the longest waiting first."""
        return self.filter(due_at__lte=now).order_by("due_at")

    def claim(self, pk: int) -> Row | None:
        """Take one pending row; None where it is gone, done, not due yet, or in another worker's hands."""
        now, token = timezone.now(), uuid.uuid4()
        claimed = self.filter(pk=pk, state=State.PENDING, not_before__lte=now).update(
            state=State.PROCESSING,
            token=token,
            attempts=F("attempts") + 1,
            due_at=now + LEASE,
        )
        return self.filter(pk=pk, token=token).first() if claimed else None

    def reclaim(self, now: datetime) -> list[int]:
        """Make rows whose lease ran out pending again, or failed where that came too often. Gives their keys."""
        expired = self.filter(state=State.PROCESSING, due_at__lte=now)
        pks = list(expired.values_list("pk", flat=True))
        expired.filter(pk__in=pks, attempts__gte=MOST_ATTEMPTS).update(
            state=State.FAILED, token=None, due_at=None, error="The workers that took this post did not come back."
        )
        expired.filter(pk__in=pks).update(state=State.PENDING, token=None)
        return pks

    def put_off(self, pks: list[int], now: datetime, until: datetime) -> None:
        """Move the due time of rows that have just been put in the queue, unless a worker was faster."""
        self.filter(pk__in=pks, due_at__lte=now).update(due_at=until)


class Outbox(models.Model):
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING, editable=False)
    attempts = models.PositiveIntegerField(_("attempts"), default=0, editable=False)
    due_at = models.DateTimeField(_("due at"), null=True, default=timezone.now, editable=False)
    not_before = models.DateTimeField(default=timezone.now, editable=False)
    token = models.UUIDField(null=True, editable=False)
    error = models.CharField(_("error"), max_length=500, blank=True, editable=False)
    submitted_at = models.DateTimeField(default=timezone.now, editable=False)

    WORK_COLUMNS = ("state", "attempts", "due_at", "not_before", "token", "error", "submitted_at")

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["due_at"], name="%(class)s_due", condition=Q(due_at__isnull=False)),
        ]

    def submit(self, *columns: str) -> None:
        """Save what a person wrote and make it due.

        Args:
            columns: the ones that were written; on a row that exists these alone are saved beside
                the work's own, so that a worker's columns are never overwritten with what was read earlier.
        """
        now = timezone.now()
        self.state, self.attempts, self.error = State.PENDING, 0, ""
        self.due_at = self.not_before = self.submitted_at = now
        self.token = None
        self.save(update_fields=None if self._state.adding else [*columns, *self.WORK_COLUMNS])

    def finish(self, again_at: datetime | None = None, **columns: Any) -> bool:
        """Write what was made, if this claim still stands. False: a newer save or worker owns the row.

        Args:
            again_at: when something is still to be added to it; its attempts are counted anew.
        """
        if again_at is None:
            return self._fenced(state=State.DONE, due_at=None, token=None, error="", **columns)
        later = {"state": State.PENDING, "due_at": again_at, "not_before": again_at, "attempts": 0}
        return self._fenced(token=None, error="", **later, **columns)

    def postpone(self, until: datetime, reason: str, *, tried: bool) -> bool:
        """Give the row back for a later attempt, if this claim still stands.

        Args:
            tried: whether this one counts as an attempt.
        """
        attempts = self.attempts if tried else self.attempts - 1
        return self._fenced(
            state=State.PENDING, due_at=until, not_before=until, token=None, error=reason[:500], attempts=attempts
        )

    def fail(self, reason: str) -> bool:
        """Give up, if this claim still stands; the author or an operator may submit it again."""
        return self._fenced(state=State.FAILED, due_at=None, token=None, error=reason[:500])

    def note(self, **columns: Any) -> bool:
        """Write columns while going on, if this claim still stands."""
        return self._fenced(**columns)

    def _fenced(self, **columns: Any) -> bool:
        # update() writes these columns alone and sends no post_save: the work cannot enqueue itself.
        rows = type(self)._default_manager.filter(pk=self.pk, token=self.token, state=State.PROCESSING)
        return bool(rows.update(**columns))
