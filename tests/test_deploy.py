"""An upgrade: old and new code at work on one database with a migration between them, and what was there before."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import StateApps
from django.test import Client
from django.utils import timezone

from posts.models import Book, Post
from tasks.enrich import enrich_post
from updater import log
from updater.cursor import Cursor

from . import databases
from .catalogue import Catalogue
from .site import ROOT, Site

CODE = ("bookshelf", "posts", "tasks", "updater", "static", "templates", "manage.py")
WEB = ("daphne", "-b", "127.0.0.1", "--no-server-name", "bookshelf.asgi:application", "-p")
WORKER = ("celery", "-A", "bookshelf", "worker", "-Q", "enrich", "--concurrency", "1", "--without-gossip", "-n")

FIRST = ("posts", "0001_initial")
FIELD = "    shown_edited_at = models.DateTimeField(null=True, editable=False)\n"
# A column as it may come in one release: whoever does not know of it can leave it out of an INSERT.
NEW_FIELD = '    mood = models.CharField(max_length=20, db_default="calm", editable=False)\n'

pytestmark = pytest.mark.xdist_group("deploy")


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """The code of a next release, with a further column and its migration."""
    folder = tmp_path / "next"
    folder.mkdir()
    for name in CODE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    models = folder / "posts" / "models.py"
    before = models.read_text()
    assert before.count(FIELD) == 1
    models.write_text(before.replace(FIELD, FIELD + NEW_FIELD))
    manage(folder, {**os.environ, "VAR_DIR": str(tmp_path)}, "makemigrations", "posts")
    return folder


def manage(code: Path, environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=code, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def old_and_new(catalogue: Catalogue, broker: redis.Redis, tmp_path: Path) -> Iterator[tuple[Site, Site]]:
    """Two addresses of one site, at which nothing runs yet; their sessions are the same."""
    var_dir = tmp_path / "var"
    databases.create(var_dir)
    old, new = (Site(catalogue, var_dir, REDIS_URL=settings.REDIS.url) for _ in range(2))
    yield old, new
    databases.drop(var_dir)


@contextmanager
def running(code: Path, site: Site, *command: str) -> Iterator[None]:
    """A process of some version of the code, which is asked to end when the block does, and has to end well."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=code, env=site.environment, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


@contextmanager
def web(code: Path, site: Site) -> Iterator[None]:
    with running(code, site, *WEB, str(site.port)):
        while not answers(site):
            time.sleep(0.1)  # between two looks, as a balancer looks
        yield


def answers(site: Site) -> bool:
    try:
        return site.visitor().get("/readyz").status == 200
    except OSError:  # it does not listen yet
        return False


def test_a_site_is_upgraded_while_people_write_and_read(old_and_new: tuple[Site, Site], next_version: Path) -> None:
    old, new = old_and_new
    manage(ROOT, old.environment, "migrate")
    with ExitStack() as stack, ExitStack() as old_web, ExitStack() as old_worker:
        old_web.enter_context(web(ROOT, old))
        old_worker.enter_context(running(ROOT, old, *WORKER, "old"))
        author = old.author()
        reader = old_web.enter_context(old.reader())
        cursor = old.visitor().get("/updates/").json["cursor"]
        ids = [author.write("All is old")]
        reader.until(*ids)

        manage(next_version, new.environment, "migrate")
        ids.append(author.write("The database is new"))
        author.post(f"/posts/{ids[0]}/edit/", title="Edited by the old code", body="Five evenings.")
        reader.until(*ids)

        stack.enter_context(web(next_version, new))
        author.url = new.url
        ids.append(author.write("The page is new, the worker old"))
        reader.until(ids[-1])

        stack.enter_context(running(next_version, new, *WORKER, "new"))
        old_worker.close()
        author.url = old.url
        ids.append(author.write("The page is old, the worker new"))
        last = reader.until(ids[-1])[-1]["cursor"]

        old_web.close()
        author.url = new.url
        ids.append(author.write("All is new"))
        with new.reader(since=last) as reader:
            assert reader.next()["type"] == "hello"
            assert reader.next()["new_id"] == ids[-1]
        with new.reader(since=cursor) as reader:
            assert {notice["new_id"] for notice in reader.until(*ids)} == set(ids)
        page = new.visitor().get("/").text
        assert all(f'data-post-id="{post_id}"' in page for post_id in ids)


@pytest.fixture
def first_schema(transactional_db: None, broker: redis.Redis) -> Iterator[StateApps]:
    """The posts' tables as the first version made them, and the models that go with those."""
    executor = MigrationExecutor(connection)
    yield executor.migrate([FIRST]).apps
    call_command("migrate", verbosity=0)


def test_an_upgrade_keeps_what_the_first_version_wrote(first_schema: StateApps, ann: User, client: Client) -> None:
    old_book, old_post = (first_schema.get_model("posts", name) for name in ("Book", "Post"))
    written = {"author_id": ann.pk, "title": "On reading slowly", "body": "Four evenings."}
    shown = {"shown_title": "On reading slowly", "slug": "on-reading-slowly", "html": "<p>Four evenings.</p>"}
    book = old_book.objects.create(
        key="isbn:9780980200447",
        title="Slow reading",
        source_url="https://openlibrary.org/books/OL1M",
        cover_small="a" * 40,
        cover_large="b" * 40,
        cover_width=480,
        cover_height=720,
    )
    published = old_post.objects.create(
        **written, **shown, book=book, state="done", step="published", due_at=None, published_at=timezone.now()
    )
    pending = old_post.objects.create(**written, key="pending")
    failed = old_post.objects.create(**written, state="failed", due_at=None, error="Again and again.")
    with transaction.atomic():
        notice = log.write(published.pk, {"title": "On reading slowly"})
    before = [list(model.objects.order_by("pk").values()) for model in (old_book, old_post)]

    call_command("migrate", verbosity=0)

    for rows, model in zip(before, (Book, Post), strict=True):
        columns = rows[0].keys() - {"source_name"}
        assert list(model._default_manager.order_by("pk").values(*columns)) == rows
    assert Book.objects.get().source_name == "Open Library"
    assert log.head() == Cursor.at(notice.epoch, notice.number)
    page = client.get(f"/posts/{published.pk}/on-reading-slowly/").content.decode()
    assert "<p>Four evenings.</p>" in page
    assert enrich_post(pending.pk)["came"] == "published"
    client.force_login(ann)
    client.post(f"/posts/{failed.pk}/retry/")
    client.post(f"/posts/{published.pk}/like/")
    assert enrich_post(failed.pk)["came"] == "published"
    assert Post.objects.get(pk=published.pk).like_count == 1
