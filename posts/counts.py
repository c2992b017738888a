"""Keeps each post's numbers of likes and comments true, whoever adds or takes one: a view, the admin, a cascade."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from .models import Comment, Like, Post


@receiver([post_save, post_delete], sender=Like, dispatch_uid="count likes")
@receiver([post_save, post_delete], sender=Comment, dispatch_uid="count comments")
def count(instance: Like | Comment, origin: object = None, **kwargs: Any) -> None:
    # Those of a post that is deleted go with it; nobody counts them any more.
    if getattr(origin, "model", type(origin)) is not Post:
        Post.objects.recount(instance.post_id)
