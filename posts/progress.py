"""How far a post has come, in words for its author: from the rows alone, so the same live and after a reload."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import median

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from .models import FAILED, OVERTIME, Book, Outcome, Post, Progress, Step
from .outbox import State

RECENT = 20  # posts, whose way tells how long the next one may take
NOBODY_KNOWS = timedelta(seconds=3)  # how long, on a site without a post


def add_progress(posts: Iterable[Post]) -> None:
    """Give each of these posts a `progress`, with two queries however many they are, and none where all are done."""
    unfinished = []
    for post in posts:
        post.progress = Progress(Step.PUBLISHED, "", "")
        # A cover that came late and failed in the end is the operator's, not the author's.
        if post.step != Step.PUBLISHED and (post.is_being_worked_on or post.state == State.FAILED):
            unfinished.append(post)
    if unfinished:
        keys = {post.pk: Book.key_of(post.isbn, post.book_title, post.book_author) for post in unfinished}
        picked = [post.picked_id for post in unfinished if post.picked_id]
        books: dict[str | int, Book] = {}
        for book in Book.objects.filter(Q(key__in=keys.values()) | Q(pk__in=picked)):
            books[book.key] = books[book.pk] = book
        usual = usual_time()
        for post in unfinished:
            post.progress = _progress(post, books.get(post.picked_id or keys[post.pk]), usual)


def usual_time() -> timedelta:
    """From the save to the readers, of the posts that went out last."""
    recent = Post.objects.published().newest_first().values_list("created_at", "published_at")[:RECENT]
    times = [(published_at - created_at).total_seconds() for created_at, published_at in recent if published_at]
    return timedelta(seconds=median(times)) if times else NOBODY_KNOWS


def _progress(post: Post, book: Book | None, usual: timedelta) -> Progress:
    if post.state == State.FAILED:
        return Progress(FAILED, _("Something went wrong on our side, again and again. Nothing of it is lost."), "")
    now = timezone.now()
    deadline = post.submitted_at + timedelta(seconds=settings.ENRICH_DEADLINE)
    trouble = _trouble(book) if post.attempts else ""  # else it is an earlier post's
    if trouble:
        detail = f"{trouble} {_('The post goes out by then in any case, and gets its cover later.')}"
        return Progress(post.step, detail, _words(deadline - now, deadline, now))
    return Progress(post.step, _what_is_done(post, book), _words(post.submitted_at + usual - now, deadline, now))


def _trouble(book: Book | None) -> str:
    outcomes = (book.outcome, book.cover_outcome) if book else ()
    if Outcome.REFUSED in outcomes:
        return _("The catalogue has had enough of us for a moment; it is asked again.")
    if Outcome.UNREACHABLE in outcomes:
        return _("The catalogue does not answer; it is asked again.")
    return ""


def _what_is_done(post: Post, book: Book | None) -> str:
    if post.step == Step.LOOKING_UP:
        return _("Looking for the book in the catalogue.")
    if post.step == Step.COVER and book:
        return _("The book is found: %(book)s.") % {"book": f"{book}, {book.year}" if book.year else book}
    return ""


def _words(left: timedelta, deadline: datetime, now: datetime) -> str:
    """About how long still."""
    if now > deadline + OVERTIME:
        return _("longer than usual; it goes out by itself")
    seconds = left.total_seconds()
    if seconds < 1:
        return _("any moment now")
    if seconds < 2:
        return _("a second or two")
    if seconds < 100:
        return _("about %(n)s seconds") % {"n": round(seconds)}
    return _("about %(n)s minutes") % {"n": round(seconds / 60)}
