"""When somebody stops being logged in, in whatever way: the hubs are to look again."""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone

from .announce import look_again
from .logins import mark

DECISIVE = {"password", "is_active"}


@receiver(post_delete, sender=Session, dispatch_uid="look again at an ended session")
def session_ended(instance: Session, **kwargs: Any) -> None:
    """Logged out, or given a new key. Those that have run out are cleared by the thousand, and tell nothing new."""
    if instance.expire_date > timezone.now():
        session = mark(instance.session_key)
        transaction.on_commit(lambda: look_again(session=session), robust=True)


@receiver(post_save, sender=User, dispatch_uid="look again at a changed person")
def person_changed(instance: User, created: bool, update_fields: frozenset[str] | None = None, **kwargs: Any) -> None:
    if not created and (update_fields is None or DECISIVE & update_fields):
        transaction.on_commit(lambda: look_again(person=instance.pk), robust=True)


@receiver(post_delete, sender=User, dispatch_uid="look again at a deleted person")
def person_deleted(instance: User, **kwargs: Any) -> None:
    person = instance.pk  # the instance's is taken away
    transaction.on_commit(lambda: look_again(person=person), robust=True)
