"""The wiring: settings, ASGI, the Celery app, urls, probes, the launcher; and backups."""

from .celery import app as celery_app

__all__ = ["celery_app"]
