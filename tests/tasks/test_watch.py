"""What is noted once a minute."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from posts.models import Post
from tasks.models import Reading, Song
from tasks.watch import KEPT, read

from ..conftest import MakePost, hand_over

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_notes_how_much_waits(make_post: MakePost, broker: Any) -> None:
    for _ in range(3):
        make_post()
    hand_over()
    Post.objects.update(submitted_at=timezone.now() - timedelta(minutes=2), due_at=timezone.now() + timedelta(hours=1))
    make_post()
    hand_over()
    read()
    reading = Reading.objects.get()
    assert (reading.queued, reading.overdue) == (4, 3)


def test_what_is_old_is_forgotten(broker: Any) -> None:
    for model in (Reading, Song):
        columns = {"overdue": 0} if model is Reading else {}
        model._default_manager.create(at=timezone.now() - KEPT, **columns)
        model._default_manager.create(**columns)
    read()
    assert (Reading.objects.count(), Song.objects.count()) == (2, 1)


def test_a_broker_that_is_away_is_noted_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_BROKER_READ_URL", "redis://127.0.0.1:1/0")
    read()
    assert Reading.objects.get().queued is None
