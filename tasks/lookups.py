"""Asks the catalogues what somebody may mean who is still typing: behind all posts, kept for all who ask the same."""

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from posts.candidates import GIVEN_UP_AFTER, KEPT, MOST_CANDIDATES
from posts.models import Book, Lookup
from posts.pictures import throw_away

from . import books, covers, googlebooks, openlibrary
from .books import KEPT_FOR_THE_NEXT, Postponed, check_that_it_may_be_asked, noted, take_turn
from .found import Edition
from .outside import NoAnswer, NotFound, Outside
from .queue import enqueue_lookup

LONGEST_WAIT = timedelta(seconds=5)  # for a turn at a catalogue; the page looks for longer
FORGOTTEN_AT_ONCE = 200

logger = logging.getLogger(__name__)


@shared_task(name="tasks.lookups.look_up", ignore_result=True)
def look_up(lookup_id: int) -> None:
    """Answer a lookup. What meets trouble stays without an answer: whoever asks in a minute has it asked again."""
    lookup = Lookup.objects.filter(pk=lookup_id, answered_at__isnull=True).first()
    if lookup is None:
        return
    with Outside() as outside:
        try:
            hits = [hit_of(edition, outside) for edition in editions(lookup, outside)[:MOST_CANDIDATES]]
        except Postponed as postponed:
            wait = timedelta(seconds=postponed.wait)
            if wait < LONGEST_WAIT and timezone.now() + wait < lookup.asked_at + GIVEN_UP_AFTER:
                enqueue_lookup(lookup.pk, countdown=postponed.wait)
                return
            logger.info("Lookup %s has no answer for now: %s", lookup_id, postponed)
            return
        except NoAnswer as error:
            logger.info("Lookup %s has no answer for now: %s", lookup_id, error)
            return
    Lookup.objects.filter(pk=lookup_id).update(hits=hits, answered_at=timezone.now())


def editions(lookup: Lookup, outside: Outside) -> list[Edition]:
    """Of the first catalogue that has some; none where all of them say that there are none.

    Raises:
        Postponed: it is not the moment to ask.
        NoAnswer: of the first one that met trouble, where no other has any.
    """
    troubles: list[NoAnswer] = []
    in_turn = books.catalogues()
    for catalogue in in_turn:
        kept = 0 if catalogue is in_turn[-1] else KEPT_FOR_THE_NEXT
        try:
            check_that_it_may_be_asked(catalogue.NAME, outside)
            take_turn(catalogue.NAME, tried=False, patient=True)
            with noted(catalogue.NAME, catalogue.NAME, {}), outside.keeping(kept):
                if lookup.isbn:
                    return [Edition(catalogue.by_isbn(outside, lookup.isbn), lookup.isbn)]
                if found := catalogue.editions(outside, lookup.title, lookup.author):
                    return found
        except NotFound:
            continue
        except NoAnswer as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]
    return []


def hit_of(edition: Edition, outside: Outside) -> dict[str, Any]:
    """What is kept of it, with its cover where that comes in time: a picture of elsewhere would tell on readers."""
    hit = asdict(edition.found) | {"isbn": edition.isbn, "edition": edition.words}
    if edition.found.cover_id is not None:
        source, url = openlibrary.NAME, openlibrary.cover_url(edition.found.cover_id)
    elif edition.found.cover_volume:
        source, url = googlebooks.NAME, googlebooks.cover_url(edition.found.cover_volume)
    else:
        return hit
    try:
        check_that_it_may_be_asked(source, outside)
        with noted(source, "cover", {}):
            cover = covers.fetch(outside, url)
    except NoAnswer as error:
        logger.info("A candidate has no cover for now: %s", error)
        return hit
    sizes = {"cover_width": cover.width, "cover_height": cover.height}
    return hit | {"cover_small": cover.small, "cover_large": cover.large} | sizes


@shared_task(name="tasks.lookups.forget", ignore_result=True)
def forget() -> None:
    """Drop lookups of yesterday, and the covers that no book has taken over."""
    old = list(Lookup.objects.filter(asked_at__lt=timezone.now() - KEPT).order_by("asked_at")[:FORGOTTEN_AT_ONCE])
    Lookup.objects.filter(pk__in=[lookup.pk for lookup in old]).delete()
    named = {
        hit[size] for lookup in old for hit in lookup.hits for size in ("cover_small", "cover_large") if size in hit
    }
    shown = Book.objects.filter(Q(cover_small__in=named) | Q(cover_large__in=named))
    used = {name for pair in shown.values_list("cover_small", "cover_large") for name in pair}
    used |= {
        hit.get(size)
        for hits in Lookup.objects.values_list("hits", flat=True).iterator()
        for hit in hits
        for size in ("cover_small", "cover_large")
    }
    if old:
        logger.info("%s lookups are forgotten, with %s covers.", len(old), throw_away(named - used))
