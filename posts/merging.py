"""Two rows for one book become one: posts, picks, followers and addresses go to the one that stays."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from .books import NAMES, spread
from .models import Book, Interest, Post

# What is filled from the others where the one that stays has nothing, together or not at all.
COVER = ("cover_small", "cover_large", "cover_width", "cover_height", "cover_id", "cover_volume", "cover_outcome")
GAPS = {
    "title": ("title",),
    "author": ("author",),
    "year": ("year",),
    "isbn": ("isbn",),
    "source": ("source_name", "source_url", "outcome"),
    "cover": COVER,
}
FIRST = {"source": "source_name", "cover": "cover_large"}  # by which such a group is there or not


class CannotMerge(Exception):
    """Says in words why not."""


@transaction.atomic
def merge(into: int, others: Iterable[int]) -> Book:
    """Make one book of several.

    Args:
        into: the id of the one that stays; it keeps its own words, and its gaps are filled from the others in order.

    A post may be on its way to one of the others meanwhile:

    1. its task has found the row of the other,
    2. this moves all posts that refer to it,
    3. the task publishes with the old row, where nobody would look for the post.

    So this locks the rows of all of them first, and the task locks its book's before it publishes: it finds
    `merged_into` there, and begins anew.

    Raises:
        CannotMerge: one is gone or merged already, or there is nothing to merge.
    """
    wanted = list(dict.fromkeys([into, *others]))
    rows = {book.pk: book for book in Book.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")}
    books = [rows[pk] for pk in wanted if pk in rows]
    if len(books) < len(wanted) or any(book.merged_into_id for book in books):
        raise CannotMerge(_("One of them is not there any more, or merged already."))
    stays, merged = books[0], books[1:]
    if not merged:
        raise CannotMerge(_("There is nothing to merge."))
    for other in merged:
        fill(stays, other)
    stays.save()
    Post.objects.filter(book__in=merged).update(book=stays)
    Post.objects.filter(picked__in=merged).update(picked=stays)
    for other in merged:
        move_interests(other, stays)
    ids = [book.pk for book in merged]
    Book.objects.filter(merged_into__in=ids).update(merged_into=stays)  # so that an old address is one step away
    Book.objects.filter(pk__in=ids).update(merged_into=stays)
    spread(stays, NAMES)
    return stays


def fill(stays: Book, other: Book) -> None:
    filled = [
        name for name in GAPS if not getattr(stays, FIRST.get(name, name)) and getattr(other, FIRST.get(name, name))
    ]
    for name in filled:
        for column in GAPS[name]:
            setattr(stays, column, getattr(other, column))
    stays.add_by_person(set(filled) & set(other.set_by_person))


def move_interests(other: Book, stays: Book) -> None:
    """Who wants something of both keeps what they want of the one that stays."""
    told = Interest.objects.filter(book=stays).values("person")
    Interest.objects.filter(book=other, person__in=told).delete()
    Interest.objects.filter(book=other).update(book=stays)
