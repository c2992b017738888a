"""What happens beside a row's being saved or deleted, wherever that is done: the form, the admin, a cascade."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from posts.counts import goes_with_its_post
from posts.models import Comment, Like, Post
from posts.outbox import State
from updater import log
from updater.announce import announce

from .queue import enqueue
from .signals import tell_author, tell_counts


@receiver(post_save, sender=Post, dispatch_uid="enqueue a saved post")
def enqueue_saved(instance: Post, **kwargs: Any) -> None:
    if instance.state == State.PENDING:
        post_id = instance.pk
        transaction.on_commit(lambda: hand_over(post_id), robust=True)


def hand_over(post_id: int) -> None:
    # Where the broker fails so would the channel layer: whoever saves is not to wait twice.
    if enqueue(post_id):
        tell_author(post_id)


@receiver(post_delete, sender=Post, dispatch_uid="announce a deleted post")
def announce_deleted(instance: Post, **kwargs: Any) -> None:
    # Of a post that was never published nobody knows; its id is nobody's business either.
    if log.announced(instance.pk):
        announce(instance.pk, None)


@receiver([post_save, post_delete], sender=Like, dispatch_uid="tell of likes")
@receiver([post_save, post_delete], sender=Comment, dispatch_uid="tell of comments")
def tell_counted(instance: Like | Comment, origin: object = None, **kwargs: Any) -> None:
    if not goes_with_its_post(origin):
        post_id = instance.post_id
        transaction.on_commit(lambda: tell_counts(post_id), robust=True)
