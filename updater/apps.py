from django.apps import AppConfig


class UpdaterConfig(AppConfig):
    name = "updater"

    def ready(self) -> None:
        from . import receivers  # noqa: F401, PLC0415 — connects the signals, once the models are there
