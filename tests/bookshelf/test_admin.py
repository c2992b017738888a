"""The history that an operator sees: what the workers did for a post, kept a week."""

from datetime import timedelta
from pathlib import Path

import pytest
from celery.beat import PersistentScheduler
from django.utils import timezone
from django_celery_results.models import TaskResult

from bookshelf.celery import app

from ..catalogue import status
from ..site import Site, Visitor


@pytest.fixture(scope="module")
def operator_of(running_site: Site) -> Visitor:
    """Somebody with the keys to the running site's admin."""
    running_site.manage(
        "shell",
        "-c",
        "from django.contrib.auth.models import User;"
        "User.objects.create_superuser('operator', 'operator@example.org', 'correct horse battery')",
    )
    visitor = running_site.visitor()
    assert visitor.post("/accounts/login/", login="operator", password="correct horse battery").status == 302
    return visitor


def shown(operator: Visitor, address: str, *words: str) -> str:
    """A page of the admin, once these words stand in it: a worker writes its results down after it has published."""
    while True:
        text = operator.get(address).text
        if all(word in text for word in words):
            return text


def test_beside_a_post_stands_what_came_of_each_attempt_and_who_answered_what(site: Site, operator_of: Visitor) -> None:
    isbn = site.catalogue.add_new()
    site.catalogue.answer("/api/books", status(503))
    author = site.author()
    with site.reader() as reader:
        post_id = author.write("Twice tried", isbn=isbn)
        site.catalogue.wait_until_asked(isbn)
        address = f"/admin/posts/post/{post_id}/change/"
        shown(operator_of, address, "postponed: ", "Open Library: unreachable")
        site.catalogue.behave()
        reader.until(post_id)
    page = shown(operator_of, address, "<td>published</td>", "Open Library: found")
    assert page.index("Open Library: found") < page.index("Open Library: unreachable")  # the latest first


def test_every_result_leads_to_its_post(site: Site, operator_of: Visitor) -> None:
    author = site.author()
    with site.reader() as reader:
        post_id = author.write("Once tried")
        reader.until(post_id)
    link = f'<a href="/admin/posts/post/{post_id}/change/">{post_id}</a>'
    shown(operator_of, "/admin/django_celery_results/taskresult/", link, "tasks.enrich.enrich_post")


@pytest.mark.django_db
def test_beat_cleans_up_what_is_older_than_a_week(tmp_path: Path) -> None:
    for days in (6, 8):
        result = TaskResult.objects.create(task_id=str(days))
        TaskResult.objects.filter(pk=result.pk).update(date_done=timezone.now() - timedelta(days=days))
    scheduler = PersistentScheduler(app, schedule_filename=str(tmp_path / "schedule"))
    task = scheduler.schedule["celery.backend_cleanup"].task
    scheduler.close()
    assert task
    app.tasks[task]()
    assert [result.task_id for result in TaskResult.objects.all()] == ["6"]
