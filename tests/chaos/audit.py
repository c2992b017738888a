"""Compares three books: what authors were promised, what the database holds, and what each reader was told."""

import json
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg

from .authors import Ledger, Saved
from .complaints import Complaints
from .machine import Incidents
from .readers import Book, Entry, Place, Reader, digest

DEADLINE = 12.0  # seconds: the campaign's ENRICH_DEADLINE
AFTER_DEADLINE = 10.0  # seconds within which a post is out then, with a live worker
LEASE = 50.0  # seconds that it takes longer where whoever held it was killed: the lease, the sweep, the next attempt
MOST_LEASES = 2
DETOUR = 25.0  # seconds that it takes longer by the sweep, where the queue was lost or could not be reached
OVERDUE = 20.0  # seconds; a sweep comes every five, and leaves alone for ten what it has put in the queue
MOST_REPLAYED = 500


def rows(database: str, statement: LiteralString) -> list[tuple[Any, ...]]:
    """What a query finds.

    Args:
        database: an address of PostgreSQL, or SQLite's file.
    """
    if database.startswith("postgres"):
        with psycopg.connect(database) as server:
            return server.execute(statement).fetchall()
    file = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return file.execute(statement).fetchall()
    finally:
        file.close()


def moment(value: Any) -> float:
    """Seconds since 1970; SQLite gives text."""
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True)
class PostRow:
    pk: int
    key: str
    state: str
    step: str
    title: str
    shown_title: str
    published_at: float | None
    due_at: float | None


@dataclass(frozen=True)
class NoticeRow:
    number: int
    first_number: int
    subject: int
    content: str


@dataclass(frozen=True)
class Truth:
    posts: dict[int, PostRow]
    notices: dict[int, NoticeRow]
    comments: list[tuple[int, str]]  # post and key
    miscounted: list[int]
    head: Place

    @classmethod
    def of(cls, database: str) -> "Truth":
        posts = [
            PostRow(pk, key, state, step, title, shown, moment(out) if out else None, moment(due) if due else None)
            for pk, key, state, step, title, shown, out, due in rows(
                database,
                "SELECT id, key, state, step, title, shown_title, published_at, due_at FROM posts_post",
            )
        ]
        notices = [
            NoticeRow(number, first, subject, digest(json.loads(content or "{}")))
            for number, first, subject, content in rows(
                database, "SELECT number, first_number, subject, content FROM updater_notice"
            )
        ]
        return cls(
            {post.pk: post for post in posts},
            {notice.subject: notice for notice in notices},
            [(post, key) for post, key in rows(database, "SELECT post_id, key FROM posts_comment")],
            [
                pk
                for (pk,) in rows(
                    database,
                    "SELECT id FROM posts_post WHERE comment_count <> (SELECT COUNT(*) FROM posts_comment"
                    " WHERE post_id = posts_post.id) OR like_count <> (SELECT COUNT(*) FROM posts_like"
                    " WHERE post_id = posts_post.id)",
                )
            ],
            head(database),
        )


def head(database: str) -> Place:
    ((epoch, number),) = rows(database, "SELECT epoch, number FROM updater_head")
    return Place(epoch, number)


def is_settled(database: str) -> bool:
    """Whether nothing is on its way any more, but late covers."""
    ((busy,),) = rows(
        database,
        "SELECT COUNT(*) FROM posts_post WHERE published_at IS NULL OR state = 'processing'"
        " OR (state = 'pending' AND step <> 'published')",
    )
    return not busy


class Audit:
    """All checks, once a campaign is over.

    Args:
        swept: until when there were sweeps, in seconds since 1970.
    """

    def __init__(self, truth: Truth, ledger: Ledger, readers: list[Reader], incidents: Incidents, swept: float) -> None:
        self.waits: list[float] = []  # seconds from saved to published, of each post
        self.deleted = sum(post.deleted for post in ledger.posts.values())
        self.published = 0
        self._truth = truth
        self._ledger = ledger
        self._readers = readers
        self._incidents = incidents
        self._swept = swept
        self._complaints: Complaints = ledger.complaints

    def check(self) -> None:
        promised = {post.pk: post for post in self._ledger.posts.values()}
        for pk, saved in promised.items():
            self._check_promise(saved, self._truth.posts.get(pk))
        self._check_rows(promised)
        self._check_comments()
        for reader in self._readers:
            self._check_reader(reader)
        self._check_published_once()

    # --- what authors were promised -----------------------------------------------------------------

    def _check_promise(self, saved: Saved, row: PostRow | None) -> None:
        notice = self._truth.notices.get(saved.pk)
        if saved.deleted:
            if row:
                self._complaints.add("lost", f"post {saved.pk} was deleted and is there")
            if notice and notice.content:
                self._complaints.add("lost", f"post {saved.pk} was deleted, and readers are not told so")
        elif row is None:
            self._complaints.add("lost", f"post {saved.pk} was accepted and is not there")
        elif row.published_at is None:
            self._complaints.add("stuck", f"post {saved.pk} is not published: {row}")
        elif notice is None:
            self._complaints.add("lost", f"post {saved.pk} is published and was never announced")
        else:
            self._check_published(saved, row, row.published_at, notice)

    def _check_published(self, saved: Saved, row: PostRow, published_at: float, notice: NoticeRow) -> None:
        self.published += 1
        wanted = saved.form["title"]
        announced = json.loads(notice.content or "{}").get("title")
        if not wanted == row.title == row.shown_title == announced:
            shown = f"the author's is {row.title!r}, readers see {row.shown_title!r}, told was {announced!r}"
            self._complaints.add("lost", f"post {saved.pk} was accepted as {wanted!r}; {shown}")
        begin = max([saved.at[0], *(at for at in saved.at if at <= published_at)])
        wait = max(0.0, published_at - begin)
        self.waits.append(wait)
        if wait > self._patience(begin, published_at):
            self._complaints.add("late", f"post {saved.pk} took {wait:.1f} s")

    def _patience(self, begin: float, end: float) -> float:
        monotonic = time.monotonic() - time.time()
        span = begin + monotonic, end + monotonic
        killed = len(self._incidents.between(*span, "kill a", "stop a worker", "worker", "postgres"))
        lost = self._incidents.between(*span, "kill", "FLUSHALL", "CLIENT KILL", "stop", "valkey", "sweep", "beat")
        return DEADLINE + AFTER_DEADLINE + LEASE * min(MOST_LEASES, killed) + DETOUR * bool(lost)

    def _check_rows(self, promised: dict[int, Saved]) -> None:
        for pk, row in self._truth.posts.items():
            if pk not in promised:
                self._complaints.add("duplicated", f"nobody was told of post {pk}, {row.title!r}")
            # What is still owed is a cover; its waits grow to hours.
            if row.state in ("processing", "failed"):
                self._complaints.add("stuck", f"post {pk} is {row.state}")
            elif row.state == "pending" and (row.due_at is None or row.due_at < self._swept - OVERDUE):
                self._complaints.add("stuck", f"post {pk} had been due for {self._swept - (row.due_at or 0):.0f} s")
        for pk in self._truth.miscounted:
            self._complaints.add("lost", f"the counts of post {pk} are not those of its likes and comments")

    def _check_comments(self) -> None:
        for comment in self._ledger.comments:
            found = self._truth.comments.count((comment.post.pk, comment.key))
            if found > 1 or (found == 0 and not comment.post.deleted):
                kind = "duplicated" if found else "lost"
                self._complaints.add(kind, f"a comment on post {comment.post.pk} is there {found} times")

    # --- what readers were told -----------------------------------------------------------------------

    def _check_reader(self, reader: Reader) -> None:
        for book in reader.books:
            self._check_kinds(reader, book)
        book = reader.books[-1]
        last = {entry.subject: entry for entry in book.entries}
        missing = [
            notice.subject
            for notice in self._truth.notices.values()
            if notice.number > book.start.number and not tells(last.get(notice.subject), notice)
        ]
        if missing:
            self._complaints.add(
                "lost", f"{reader.name}, at {reader.place.number} of {self._truth.head.number}, missed {missing}"
            )

    def _check_kinds(self, reader: Reader, book: Book) -> None:
        known: set[int] = set()
        for entry in book.entries:
            notice = self._truth.notices.get(entry.subject)
            told = f"{reader.name} was told at {entry.number} that {entry.subject} is {entry.kind}"
            if notice is None:
                self._complaints.add("duplicated", f"{told}; the log knows nothing of it")
            elif entry.kind == "published":
                if entry.subject in known or notice.first_number <= book.start.number:
                    self._complaints.add("duplicated", f"{told}, and knew it")
            elif entry.kind == "changed" and entry.subject not in known and notice.first_number > book.start.number:
                self._complaints.add("lost", f"{told}, and had never heard of it")
            known.add(entry.subject)

    def _check_published_once(self) -> None:
        moments: dict[int, set[str]] = {}
        for reader in self._readers:
            for subject, given in reader.published.items():
                moments.setdefault(subject, set()).update(given)
        for subject, given in moments.items():
            if len(given) > 1:
                self._complaints.add("duplicated", f"post {subject} was published at {sorted(given)}")


def tells(entry: Entry | None, notice: NoticeRow) -> bool:
    return entry is not None and entry.number == notice.number and entry.content == notice.content
