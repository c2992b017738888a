"""The site's own settings, with one page more: the empty one that the others are measured against."""

from bookshelf.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
