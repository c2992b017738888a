"""Keeps each post's numbers of likes and comments true, whoever adds or takes one: a view, the admin, a cascade."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from .models import Comment, Like, Post


@receiver([post_save, post_delete], sender=Like, dispatch_uid="count likes")
@receiver([post_save, post_delete], sender=Comment, dispatch_uid="count comments")
def count(instance: Like | Comment, origin: object = None, **kwargs: Any) -> None:
    if not goes_with_its_post(origin):
        Post.objects.recount(instance.post_id, talk=isinstance(instance, Comment))


def goes_with_its_post(origin: object) -> bool:
    """Whether what is deleted is deleted with its post, so that nobody counts it any more.

    Args:
        origin: the instance or query set that `post_delete` names; None for `post_save`.
    """
    return getattr(origin, "model", type(origin)) is Post
