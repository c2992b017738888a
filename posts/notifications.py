"""Who is to hear of what: of a comment, of a mention, of a post by an author or about a book that they follow."""

import re
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.db.models.signals import post_save, pre_delete
from django.dispatch import Signal, receiver
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from .counts import goes_with_its_post
from .models import Comment, Interest, Notification, Post

MOST_MENTIONS = 10  # in one text; more is not meant for anybody
MOST_TALKERS = 200  # of those who commented before
BATCH = 500

# Sent within the transaction, with `people`: ids of those to whom the number of unread ones may be another.
notified = Signal()


def mentioned_in(text: str) -> set[int]:
    """The ids of those whose names stand in it behind an @."""
    names = re.findall(r"(?<![\w@/.])@([\w.@+-]{1,150})", text)[:MOST_MENTIONS]
    # A full stop may end the sentence or belong to the name.
    written = {spelled for name in names for spelled in (name, name.rstrip(".@+-"))}
    known = User.objects.filter(username__in=written | {name.lower() for name in written}, is_active=True)
    return set(known.values_list("pk", flat=True)) if written else set()


@receiver(post_save, sender=Comment, dispatch_uid="notify of comments")
def notify_of_comment(instance: Comment, created: bool, **kwargs: Any) -> None:
    post = instance.post
    kinds: dict[int, str] = {}
    if created:
        earlier = Comment.objects.filter(post=post).order_by().values_list("author", flat=True).distinct()
        kinds |= dict.fromkeys(earlier[:MOST_TALKERS], Notification.Kind.REPLY)
        kinds[post.author_id] = Notification.Kind.COMMENT
    kinds |= dict.fromkeys(mentioned_in(instance.body), Notification.Kind.MENTION)
    notify(kinds, instance.author_id, post, instance)


def notify_of_post(post: Post, *, is_new: bool) -> None:
    """Of one that is about to be read, for the first time or anew; whoever was told already is not told again."""
    kinds: dict[int, str] = {}
    if is_new:
        about = Q(author=post.author_id) | (Q(book=post.book_id) if post.book_id else Q())
        followers = Interest.objects.filter(about, wish=Interest.Wish.FOLLOW).values_list("person", flat=True)
        kinds |= dict.fromkeys(followers, Notification.Kind.POST)
    kinds |= dict.fromkeys(mentioned_in(post.body), Notification.Kind.MENTION)
    notify(kinds, post.author_id, post)


def notify(kinds: dict[int, str], actor: int, post: Post, comment: Comment | None = None) -> None:
    kinds.pop(actor, None)
    Notification.objects.bulk_create(
        (
            Notification(person_id=person, kind=kind, actor_id=actor, post=post, comment=comment)
            for person, kind in kinds.items()
        ),
        batch_size=BATCH,
        ignore_conflicts=True,
    )
    if kinds:
        notified.send(Notification, people=list(kinds))


@receiver(pre_delete, sender=Post, dispatch_uid="a post's notifications go with it")
@receiver(pre_delete, sender=Comment, dispatch_uid="a comment's notifications go with it")
def tell_of_deleted(instance: Post | Comment, origin: object = None, **kwargs: Any) -> None:
    """Whoever has not read of it has fewer to read; those of a post's comments are told with the post."""
    is_comment = isinstance(instance, Comment)
    if is_comment and goes_with_its_post(origin):
        return
    about = Q(comment=instance.pk) if is_comment else Q(post=instance.pk)
    unread_by = Notification.objects.filter(about, read_at__isnull=True).order_by().values_list("person", flat=True)
    people = list(unread_by.distinct())
    if people:
        notified.send(Notification, people=people)


def unread_of(people: list[int]) -> dict[int, int]:
    """How many each has not read, by their ids; in one query."""
    counts = Notification.objects.unread().filter(person__in=people).values("person").annotate(count=Count("pk"))
    return dict.fromkeys(people, 0) | {each["person"]: each["count"] for each in counts.order_by()}


def unread(request: HttpRequest) -> dict[str, Any]:
    """For every template: how many this reader has not read."""
    person = request.user.pk
    return {"unread": SimpleLazyObject(lambda: unread_of([person])[person])} if person else {}
