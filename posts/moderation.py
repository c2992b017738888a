"""What moderators do to posts, comments and accounts: each act is one transaction, with a row that says who and why."""

from typing import Any

from django.apps.registry import Apps
from django.apps.registry import apps as installed
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.dispatch import Signal
from django.utils import timezone

from .models import Act, Book, Comment, Notification, Post
from .notifications import notified

MODERATORS = "moderators"
KEEP_ORDER = "keep_order"
Deed = Act.Deed

# Sent at the end of the transaction, with the `post` that readers see no more, or see again.
hidden_or_restored = Signal()


def make_moderators(sender: Any, using: str, apps: Apps = installed, **kwargs: Any) -> None:
    """Sees to it, after each migration, that there is a group of those who keep order, and that it may."""
    create_permissions(sender, verbosity=0, using=using, apps=apps)
    permissions = Permission.objects.using(using).filter(content_type__app_label="posts", codename=KEEP_ORDER)
    Group.objects.using(using).get_or_create(name=MODERATORS)[0].permissions.add(*permissions)


def keepers() -> QuerySet[User]:
    """Those who keep order, whether or not their accounts are suspended."""
    everybody: Any = None  # which the stubs do not know
    moderators: QuerySet[User] = User.objects.with_perm(f"posts.{KEEP_ORDER}", is_active=everybody)
    return moderators | User.objects.filter(is_staff=True)


def keeps_order(person: User | AnonymousUser) -> bool:
    if not isinstance(person, User):
        return False
    return person.is_active and (person.is_staff or keepers().filter(pk=person.pk).exists())


def may_correct(person: User | AnonymousUser, book: Book) -> bool:
    """Whoever has published something about it, and those who keep order."""
    if not isinstance(person, User):
        return False
    return Post.objects.published().filter(author=person, book=book).exists() or keeps_order(person)


@transaction.atomic
def decide(deed: Deed, thing: Post | Comment, moderator: User, reason: str) -> bool:
    """Hide it, restore it, or dismiss what is reported of it; whichever it is, its open reports are closed.

    False: it is gone, or that was done already.
    """
    post = Post.objects.lock(thing.pk if isinstance(thing, Post) else thing.post_id)
    reports = thing.reports.filter(closed_at__isnull=True)
    now = timezone.now()
    if deed == Deed.DISMISS:
        is_due = reports.exists()
    else:
        thing.hidden_at = now if deed == Deed.HIDE else None
        others = type(thing)._default_manager.filter(pk=thing.pk, hidden_at__isnull=deed == Deed.HIDE)
        is_due = bool(others.update(hidden_at=thing.hidden_at))
    if post is None or not is_due:
        return False
    about: dict[str, Any] = {"post": thing} if isinstance(thing, Post) else {"comment": thing}
    named = f"the post “{thing.shown_title}”" if isinstance(thing, Post) else f"a comment on “{post.shown_title}”"
    record(deed, thing.author, moderator, reason, thing=named, **about)
    reports.update(closed_at=now)
    if deed != Deed.DISMISS:
        if isinstance(thing, Post):
            # As it is now: what was read before the lock may be older than an edit that hides a spoiler.
            post.hidden_at = thing.hidden_at
            thing = post
        tell(thing)
    return True


def tell(thing: Post | Comment) -> None:
    """Let others follow: the comments of open pages, the numbers of notifications, the notices."""
    of_it = Q(post=thing) if isinstance(thing, Post) else Q(comment=thing)
    unread = Notification.objects.filter(of_it, read_at__isnull=True)
    notified.send(Notification, people=list(unread.values_list("person", flat=True).distinct()))
    if isinstance(thing, Comment):
        thing.save(update_fields=["hidden_at"])  # counted anew, and so told, as with an edit
    else:
        hidden_or_restored.send(Post, post=thing)  # last: from here on other writers of notices wait


@transaction.atomic
def suspend(person: User, moderator: User, reason: str) -> bool:
    """Shut the account; its posts stay. False: it is shut, or of one who keeps order."""
    return _set_active(Deed.SUSPEND, person, moderator, reason)


@transaction.atomic
def reinstate(person: User, moderator: User, reason: str) -> bool:
    """Open an account again that a moderator has shut; what an operator has shut stays so."""
    return is_suspended(person) and _set_active(Deed.REINSTATE, person, moderator, reason)


def _set_active(deed: Deed, person: User, moderator: User, reason: str) -> bool:
    is_active = deed == Deed.REINSTATE
    locked = User.objects.select_for_update().filter(pk=person.pk, is_active=not is_active).first()
    if locked is None or not may_be_suspended(locked):
        return False
    locked.is_active = is_active
    locked.save(update_fields=["is_active"])  # which ends the sessions and closes the sockets
    record(deed, locked, moderator, reason)
    return True


def may_be_suspended(person: User) -> bool:
    return not keepers().filter(pk=person.pk).exists()


def is_suspended(person: User) -> bool:
    """Whether the account is shut, and a moderator was the last to say so."""
    last = Act.objects.filter(person=person, deed__in=(Deed.SUSPEND, Deed.REINSTATE, Deed.SHUT)).order_by("-pk").first()
    return not person.is_active and last is not None and last.deed == Deed.SUSPEND


def why_suspended(person: User) -> str:
    """What the moderator said who has shut the account; empty where none has."""
    acts = Act.objects.filter(person=person, deed=Deed.SUSPEND).order_by("-pk")
    return acts[0].reason if is_suspended(person) else ""


def record(deed: Deed, person: User, moderator: User, reason: str, **about: Any) -> None:
    names = {"moderator_name": moderator.get_username(), "person_name": person.get_username()}
    Act.objects.create(deed=deed, person=person, moderator=moderator, reason=reason, **names, **about)


def why_hidden(post: Post) -> str:
    """What the moderator said who has hidden it."""
    last = Act.objects.filter(post=post, deed=Deed.HIDE).order_by("-pk").first()
    return last.reason if last else ""
