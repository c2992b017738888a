"""The site's own settings, under which a saved post is handed to nobody: what the hand-over costs is the difference."""

from bookshelf.settings import *  # noqa: F403
from bookshelf.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.unqueued_app.Unqueued"]
