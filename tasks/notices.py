"""What readers are told of a post."""

from posts.cards import render_card
from posts.models import Post


def notice_of(post: Post) -> dict[str, str]:
    """The fields of `update_notice` beside its id and kind."""
    return {
        "title": post.shown_title,
        "author": post.author.get_username(),
        "url": post.get_absolute_url(),
        "html": render_card(post),
    }
