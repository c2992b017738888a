"""What open pages are told beside the notices: how far a post has come, and its numbers of likes and comments."""

from posts.models import Post
from posts.progress import add_progress
from updater.announce import signal


def tell_author(post_id: int) -> None:
    """How far the post has come; to its author's own pages alone."""
    post = Post.objects.filter(pk=post_id).first()
    if post is not None:
        add_progress([post])
        message = {
            "type": "progress",
            "new_id": post.pk,
            "step": post.progress.step,
            "detail": post.progress.detail,
        }
        signal(message, to=post.author_id)


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
