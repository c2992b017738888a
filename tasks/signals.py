"""What open pages are told beside the notices: how far a post has come, and its numbers of likes and comments."""

from posts.models import Import, Post, Step
from posts.notifications import unread_of
from posts.progress import add_progress
from updater.announce import signal


def tell_step(post_id: int, author_id: int, step: Step) -> None:
    """That it is saved, or published: of both there is no more to say; to its author's own pages alone."""
    _tell(post_id, author_id, step, "")


def tell_author(post_id: int) -> None:
    """How far the post has come, as its row says; to its author's own pages alone."""
    post = Post.objects.filter(pk=post_id).first()
    if post is not None:
        add_progress([post])
        _tell(post.pk, post.author_id, post.progress.step, post.progress.detail)


def _tell(post_id: int, author_id: int, step: str, detail: str) -> None:
    signal({"type": "progress", "new_id": post_id, "step": step, "detail": detail}, to=author_id)


def tell_counts(post_id: int) -> None:
    """How many like and comment on it; to everybody, once it is published."""
    post = Post.objects.published().filter(pk=post_id).first()
    if post is not None:
        message = {
            "type": "counts",
            "new_id": post.pk,
            "likes": post.like_count,
            "comments": post.comment_count,
        }
        signal(message, number=post.count_number)


def tell_unread(people: list[int]) -> None:
    """Each of them how many notifications they have not read; to their own pages alone."""
    for person, unread in unread_of(people).items():
        signal({"type": "notification", "unread": unread}, to=person)


def tell_import(batch: Import, *, done: bool = False) -> None:
    """That an import has come further; of all its posts only this is told, at the end, in numbers."""
    counts = batch.counts() if done else {}
    told = {name: counts[name] for name in ("done", "duplicate", "failed")} if done else {}
    signal({"type": "import", "import_id": batch.pk, **told}, to=batch.person_id)
