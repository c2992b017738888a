from django.apps import AppConfig


class PostsConfig(AppConfig):
    name = "posts"

    def ready(self) -> None:
        from . import counts, notifications  # noqa: F401, PLC0415 — connects the signals, once the models are there
