"""How much a person may publish within an hour; somebody who came a few days ago less."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .models import Comment, Post

HOUR = timedelta(hours=1)


def complaint_about_posts(author: User) -> str:
    """What there is to say to one more post; empty where it is welcome."""
    limit = _limit(settings.POSTS_PER_HOUR, settings.NEW_POSTS_PER_HOUR, author)
    # An import has limits of its own.
    if 0 < limit <= _written(Post.objects.filter(imported=False), author):
        return _complaint(ngettext("%(n)s post", "%(n)s posts", limit) % {"n": limit}, author)
    return ""


def complaint_about_comments(author: User) -> str:
    """The same of comments."""
    limit = _limit(settings.COMMENTS_PER_HOUR, settings.NEW_COMMENTS_PER_HOUR, author)
    if 0 < limit <= _written(Comment.objects.all(), author):
        return _complaint(ngettext("%(n)s comment", "%(n)s comments", limit) % {"n": limit}, author)
    return ""


def _limit(everybody_s: int, new_ones: int, author: User) -> int:
    """The lower one of those that hold; 0 is none."""
    return min(filter(None, [everybody_s, new_ones if is_new(author) else 0]), default=0)


def _written(those: QuerySet[Post] | QuerySet[Comment], author: User) -> int:
    return those.filter(author=author, created_at__gt=timezone.now() - HOUR).count()


def is_new(person: User) -> bool:
    return timezone.now() - person.date_joined < timedelta(days=settings.NEW_ACCOUNT_DAYS)


def _complaint(number: str, author: User) -> str:
    more = " " + _("In a few days you may write more.") if is_new(author) else ""
    return _("That is %(number)s within an hour. Please wait a little.") % {"number": number} + more
