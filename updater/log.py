"""The notice log: what readers are to be told, in the order in which it was committed.

It holds the latest notice of each subject. A newer one takes the older one's row and a new number, so a hole in the
numbers is compaction and no loss, and the text of what was removed is gone.

Numbers come from one counter row, locked until the transaction that took the number ends. So numbers become visible
in their order: who has read up to 12 will never see an 11 appear. (An auto-increment id is given out before the
commit; readers that go by it lose rows under concurrent writers.)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from django.db import transaction
from django.db.models import F

from . import models
from .cursor import Cursor

HEAD = 1  # the primary key of the counter row
MOST_REPLAYED = 500


@dataclass(frozen=True)
class Notice:
    """One entry of the log. `content` is a JSON object as text, empty where the subject is removed."""

    epoch: str
    number: int
    first_number: int
    subject: int
    content: str

    def frame(self, known: int, cursor: Cursor) -> str:
        """The message to a reader that had heard of everything up to `known`."""
        kind = "published" if self.first_number > known else "changed"
        if not self.content:
            kind = "removed"
        message: dict[str, Any] = {
            "type": "update_notice",
            "cursor": str(cursor),
            "kind": kind,
            "new_id": self.subject,
        }
        if self.content:
            message |= json.loads(self.content)
        return json.dumps(message, ensure_ascii=False)

    def as_event(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Raises KeyError where the event is not of `as_event`."""
        return cls(**{name: event[name] for name in cls.__dataclass_fields__})


def write(subject: int, content: Mapping[str, str] | None) -> Notice:
    """Enter the latest of a subject; None says that it is removed.

    To be called last in the transaction that makes it true: every other writer waits from here to its end.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("A notice is written in the transaction that it tells of.")
    head = _next()
    text = json.dumps(content, ensure_ascii=False) if content is not None else ""
    row, created = models.Notice.objects.get_or_create(
        subject=subject, defaults={"number": head.number, "first_number": head.number, "content": text}
    )
    if not created:
        if not row.content:  # it comes back after a removal: news to everybody
            row.first_number = head.number
        row.number, row.content = head.number, text
        row.save()
    return Notice(head.epoch, head.number, row.first_number, subject, text)


def announced(subject: int) -> bool:
    """Whether readers were ever told of it."""
    return models.Notice.objects.filter(subject=subject).exists()


def _next() -> Cursor:
    if not models.Head.objects.filter(pk=HEAD).update(number=F("number") + 1):
        models.Head.objects.get_or_create(pk=HEAD)
        models.Head.objects.filter(pk=HEAD).update(number=F("number") + 1)
    return head()


def head() -> Cursor:
    """The last place given out; the first call of all makes the counter."""
    row = models.Head.objects.filter(pk=HEAD).first() or models.Head.objects.get_or_create(pk=HEAD)[0]
    return Cursor.at(row.epoch, row.number)


def read(epoch: str, after: int) -> list[Notice] | None:
    """All notices after a number, in order; None where they are too many to replay.

    One statement, one snapshot: the last one's number is how far a reader has come. (With the head read apart, a
    notice could move past it between the two, and a reader would be told it had passed what it never saw.)
    """
    rows = models.Notice.objects.filter(number__gt=after).order_by("number")[: MOST_REPLAYED + 1]
    notices = _notices(epoch, rows)
    return notices if len(notices) <= MOST_REPLAYED else None


def latest(epoch: str) -> list[Notice]:
    """The end of the log in order: one notice more than may be replayed, where there are so many."""
    return _notices(epoch, models.Notice.objects.order_by("-number")[: MOST_REPLAYED + 1])[::-1]


def _notices(epoch: str, rows: Iterable[models.Notice]) -> list[Notice]:
    return [Notice(epoch, row.number, row.first_number, row.subject, row.content) for row in rows]


def usable(since: str, head: Cursor) -> Cursor | None:
    """The cursor that a client sent, if the log can be read from there."""
    cursor = Cursor.parse(since)
    return cursor if cursor and cursor.epoch == head.epoch and cursor.number <= head.number else None


def frames(notices: list[Notice], since: Cursor) -> list[tuple[Cursor, str]]:
    """What a reader at `since` is sent, and where each message takes it."""
    result = []
    for notice in notices:
        last = notice is notices[-1]
        cursor = Cursor(notice.epoch, notice.number, notice.number if last else since.known)
        result.append((cursor, notice.frame(since.known, cursor)))
    return result
