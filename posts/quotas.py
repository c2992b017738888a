"""How much a person may publish within an hour; somebody who came a few days ago less."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .models import Comment, Post

HOUR = timedelta(hours=1)


def complaint_about_posts(author: User) -> str:
    """What there is to say to one more post; empty where it is welcome."""
    limits = [settings.POSTS_PER_HOUR, settings.NEW_POSTS_PER_HOUR if is_new(author) else 0]
    limit = min(filter(None, limits), default=0)  # 0 is none
    since = timezone.now() - HOUR
    # An import has limits of its own.
    if 0 < limit <= Post.objects.filter(author=author, created_at__gt=since, imported=False).count():
        return _complaint(ngettext("%(n)s post", "%(n)s posts", limit) % {"n": limit}, author)
    return ""


def complaint_about_comments(author: User) -> str:
    """The same of comments, of which only new accounts have a limit."""
    limit, since = settings.NEW_COMMENTS_PER_HOUR, timezone.now() - HOUR
    if is_new(author) and 0 < limit <= Comment.objects.filter(author=author, created_at__gt=since).count():
        return _complaint(ngettext("%(n)s comment", "%(n)s comments", limit) % {"n": limit}, author)
    return ""


def is_new(person: User) -> bool:
    return timezone.now() - person.date_joined < timedelta(days=settings.NEW_ACCOUNT_DAYS)


def _complaint(number: str, author: User) -> str:
    more = " " + _("In a few days you may write more.") if is_new(author) else ""
    return _("That is %(number)s within an hour. Please wait a little.") % {"number": number} + more
