"""What Prometheus reads: all that the processes of this host have counted, and how the database and the broker are.

Processes count for themselves. Where PROMETHEUS_MULTIPROC_DIR names a folder, as `make run` does, they count in files
there, and one of them can tell of all; without it each tells of itself alone.
"""

import logging
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.db import Error
from django.db.models import Count
from django.utils import timezone
from prometheus_client import REGISTRY, CollectorRegistry, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

# So that everything has its name here from the beginning.
import tasks.meters  # noqa: F401
import updater.meters  # noqa: F401
from posts.models import Post
from posts.outbox import State
from tasks.models import Song
from tasks.watch import queued
from updater.models import Notice

disable_created_metrics()  # type: ignore[no-untyped-call]  # when each was begun: half of the text, and of no use
LOOKED_AT = 1000  # of the newest posts, for those that readers were not told of

logger = logging.getLogger(__name__)


def everything() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Counted())
    registry.register(Found())
    return registry


class Counted(Collector):
    """What the processes have counted."""

    def collect(self) -> Iterable[Metric]:
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        if not folder:
            return list(REGISTRY.collect())
        forget_the_dead(Path(folder))
        collected: Iterable[Metric] = MultiProcessCollector(None, folder).collect()  # type: ignore[no-untyped-call]
        return collected


class Found(Collector):
    """What the database and the broker say now; the process that is asked has to ask them itself."""

    def collect(self) -> Iterator[Metric]:
        try:
            found = [*in_database()]
        except Error as error:
            logger.warning("The database could not be read for the metrics: %s", error)
            found = []
        yield GaugeMetricFamily("bookshelf_database_up", "Whether the database answers.", value=bool(found))
        yield from found
        waiting = queued()
        yield GaugeMetricFamily("bookshelf_broker_up", "Whether the broker answers.", value=waiting is not None)
        queues = GaugeMetricFamily("bookshelf_queued", "Messages that wait for a worker.", labels=["queue"])
        for name, length in (waiting or {}).items():
            queues.add_metric([name], length)
        yield queues


def in_database() -> Iterator[Metric]:
    posts = GaugeMetricFamily("bookshelf_posts", "Posts by the state of the work on them.", labels=["state"])
    counts = dict(Post.objects.order_by().values_list("state").annotate(posts=Count("pk")))
    for state in State:
        posts.add_metric([state.value], counts.get(state.value, 0))
    yield posts
    now = timezone.now()
    oldest = Post.objects.late(now).values_list("submitted_at", flat=True).first()
    yield GaugeMetricFamily(
        "bookshelf_oldest_overdue_seconds",
        "How long ago that post was saved which readers should have had first; 0 where nothing is overdue.",
        value=(now - oldest).total_seconds() if oldest else 0,
    )
    newest = list(Post.objects.published().newest_first().values_list("pk", flat=True)[:LOOKED_AT])
    yield GaugeMetricFamily(
        "bookshelf_unannounced",
        f"Of the {LOOKED_AT} newest published posts those that the notice log does not have. There are none.",
        value=len(newest) - Notice.objects.filter(subject__in=newest).count(),
    )
    song = Song.objects.order_by("-at").first()
    if song:
        yield GaugeMetricFamily(
            "bookshelf_canary_seconds",
            "From a save to a socket when the canary was last sent; NaN where it did not arrive.",
            value=song.milliseconds / 1000 if song.milliseconds is not None else float("nan"),
        )
        age = (now - song.at).total_seconds()
        yield GaugeMetricFamily("bookshelf_canary_age_seconds", "How long ago it was sent.", value=age)


def forget_the_dead(folder: Path) -> None:
    """What a process says of the moment goes with it, also where it was killed; what it has counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        match = re.search(r"_([0-9]+)\.db$", file.name)
        if match and not is_running(int(match[1])):
            mark_process_dead(int(match[1]), str(folder))  # type: ignore[no-untyped-call]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, and there
        pass
    return True
