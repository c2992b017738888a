"""The Celery application; `celery -A bookshelf` finds it here."""

import os

from celery import Celery
from celery.signals import heartbeat_sent, worker_init
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep
from prometheus_client import CollectorRegistry, start_http_server

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookshelf.settings")

app = Celery("bookshelf")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
for name in ("enrich", "imports", "indexing", "lookups", "watch", "canary"):
    app.autodiscover_tasks(related_name=name)


@worker_init.connect
def show_counts(**_signal: object) -> None:
    """Tell Prometheus what this worker has counted, where no web process can."""
    if settings.METRICS_PORT:
        from bookshelf.metrics import Counted  # noqa: PLC0415 — it needs the models, which need this module

        registry = CollectorRegistry()
        registry.register(Counted())
        start_http_server(settings.METRICS_PORT, registry=registry)


@heartbeat_sent.connect
def show_life(**_signal: object) -> None:
    """Touch a file every two seconds while this worker has its broker; a probe asks how old it is.

    Not under `make run`, whose workers send no heartbeats: supervisord keeps those.
    """
    (settings.VAR_DIR / "heartbeat").touch()
