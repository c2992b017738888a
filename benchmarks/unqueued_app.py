"""Disconnects what puts a saved post in the queue."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_save


class Unqueued(AppConfig):
    name = "benchmarks"

    def ready(self) -> None:
        assert post_save.disconnect(sender=apps.get_model("posts.Post"), dispatch_uid="enqueue a saved post")
