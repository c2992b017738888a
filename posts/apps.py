from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PostsConfig(AppConfig):
    name = "posts"
    verbose_name = "BookShelf"

    def ready(self) -> None:
        from . import counts, notifications  # noqa: F401, PLC0415 — connects the signals, once the models are there
        from .moderation import make_moderators  # noqa: PLC0415 — as above

        post_migrate.connect(make_moderators, sender=self, dispatch_uid="make moderators")
