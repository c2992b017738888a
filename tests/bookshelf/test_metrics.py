"""What the site tells of itself: its counts across processes, and that what goes by them names what is there."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from bookshelf.metrics import forget_the_dead
from posts.models import Post
from posts.outbox import State
from tasks.models import Song
from updater.announce import announce

from ..conftest import MakePost
from ..site import ROOT, Site

MONITORING = ROOT / "docs" / "monitoring"
Values = dict[tuple[str, str], float]  # by the sample's name and its one label's value, "" where it has none


def values_of(text: str) -> Values:
    families = text_string_to_metric_families(text)
    return {(s.name, "".join(s.labels.values())): s.value for family in families for s in family.samples}


def scrape(client: Client) -> Values:
    return values_of(client.get("/metrics").content.decode())


@pytest.mark.django_db
class TestFound:
    def test_posts_are_counted_by_the_state_of_the_work_on_them(
        self, client: Client, broker: Any, make_post: MakePost, make_published: MakePost
    ) -> None:
        make_published()
        make_post()
        late = make_post()
        Post.objects.filter(pk=late.pk).update(submitted_at=timezone.now() - timedelta(minutes=7))
        Post.objects.filter(pk=make_post().pk).update(state=State.FAILED, due_at=None)
        found = scrape(client)
        states = {state: found["bookshelf_posts", state] for state in State.values}
        assert states == {"pending": 2, "processing": 0, "done": 1, "failed": 1}
        assert 420 <= found["bookshelf_oldest_overdue_seconds", ""] < 600
        assert (found["bookshelf_database_up", ""], found["bookshelf_broker_up", ""]) == (1, 1)
        assert found["bookshelf_queued", "enrich"] >= 0

    def test_a_post_of_which_nobody_was_told_is_seen(self, client: Client, make_published: MakePost) -> None:
        announce(make_published().pk, {"title": "Told"})
        assert scrape(client)["bookshelf_unannounced", ""] == 0
        make_published()
        assert scrape(client)["bookshelf_unannounced", ""] == 1

    def test_a_canary_that_fell_silent_is_seen(self, client: Client) -> None:
        assert ("bookshelf_canary_seconds", "") not in scrape(client)
        Song.objects.create(milliseconds=250, at=timezone.now() - timedelta(minutes=3))
        found = scrape(client)
        assert found["bookshelf_canary_seconds", ""] == 0.25
        assert 180 <= found["bookshelf_canary_age_seconds", ""] < 300
        Song.objects.create(trouble="No way.")
        assert scrape(client)["bookshelf_canary_seconds", ""] != 0.25


def test_all_processes_of_a_host_are_told_of_together(site: Site) -> None:
    author = site.author()
    before = values_of(author.get("/metrics").text)
    with site.reader() as reader:
        reader.until(author.write("Counted", isbn=site.catalogue.add_new()))
        during = values_of(author.get("/metrics").text)

    def more(name: str, label: str = "") -> float:
        return during[name, label] - before.get((name, label), 0)

    assert during["bookshelf_sockets", ""] >= 1
    assert more("bookshelf_delivered_total") >= 1
    assert more("bookshelf_hub_lag_seconds_count") >= 1
    assert more("bookshelf_announced_seconds_count") == 1
    while not values_of(author.get("/metrics").text)["bookshelf_sweeps_total", ""]:
        pass  # there is one every five seconds
    found = [name for name, label in during if name == "bookshelf_catalogue_seconds_count"]
    assert found


def test_what_a_killed_process_said_of_the_moment_goes_and_what_it_counted_stays(tmp_path: Path) -> None:
    count = (
        "from prometheus_client import *; Gauge('g', 'g', multiprocess_mode='livesum').set(7); Counter('c', 'c').inc()"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", count], env=environment) as process:
        process.wait()
    (tmp_path / f"gauge_livesum_{os.getpid()}.db").touch()
    left = {f"counter_{process.pid}.db", f"gauge_livesum_{os.getpid()}.db"}
    assert {file.name for file in tmp_path.iterdir()} == left | {f"gauge_livesum_{process.pid}.db"}
    forget_the_dead(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == left


@pytest.mark.django_db
def test_alerts_and_the_dashboard_go_by_what_is_there(client: Client) -> None:
    Song.objects.create(milliseconds=250)
    client.get("/robots.txt")  # with the first page whatever counts is loaded
    text = client.get("/metrics").content.decode()
    there = set()
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        there |= {f"{name}_{part}" for part in ("bucket", "count", "sum")} if kind == "histogram" else {name}
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    asked = [rule["expr"] for rule in rules]
    asked += [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    named = {name for expression in asked for name in re.findall(r"\bbookshelf_\w+", expression)}
    assert named - there == set()
    families = {re.sub("_(bucket|count|sum)$", "", name) for name in named}
    assert {re.sub("_(bucket|count|sum)$", "", name) for name in there if name.startswith("bookshelf_")} == families


def test_each_alert_says_what_to_do() -> None:
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]
    operations = (ROOT / "docs" / "operations.md").read_text()
    for rule in rules:
        assert f"### {rule['alert']}\n" in operations
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("page", "ticket")
    assert {rule["alert"] for rule in rules} == set(re.findall(r"^### (\w+)$", operations, re.MULTILINE))
