"""What readers are told of a post."""

from django.conf import settings
from django.utils import translation

from posts.cards import render_card
from posts.models import Post


def notice_of(post: Post) -> dict[str, str]:
    """The fields of `update_notice` beside its id and kind; the same for every reader, whoever caused it."""
    with translation.override(settings.LANGUAGE_CODE):
        html = render_card(post)
    return {
        "title": post.shown_title,
        "author": post.author.get_username(),
        "url": post.get_absolute_url(),
        "html": html,
    }
