"""What happens beside a post's being saved or deleted, wherever that is done: the form, the admin, a cascade."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from posts.models import Post
from posts.outbox import State
from updater import log
from updater.announce import announce

from .queue import enqueue


@receiver(post_save, sender=Post, dispatch_uid="enqueue a saved post")
def enqueue_saved(instance: Post, **kwargs: Any) -> None:
    if instance.state == State.PENDING:
        post_id = instance.pk
        transaction.on_commit(lambda: enqueue(post_id), robust=True)


@receiver(post_delete, sender=Post, dispatch_uid="announce a deleted post")
def announce_deleted(instance: Post, **kwargs: Any) -> None:
    # Of a post that was never published nobody knows; its id is nobody's business either.
    if log.announced(instance.pk):
        announce(instance.pk, None)
