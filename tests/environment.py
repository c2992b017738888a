"""A pytest plugin, loaded before Django reads its settings: nothing of the machine's own, and a folder to itself."""

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings

from . import databases

SITE = ("REDIS_URL", "SITE_URL", "EMAIL_URL", "EMAIL_FROM", "ALLOWED_HOSTS", "HOST", "PORT")
CATALOGUES = ("OPENLIBRARY_URL", "COVERS_URL", "GOOGLE_BOOKS_KEY")
for name in SITE + CATALOGUES:
    os.environ.pop(name, None)

settings.register_profile("site", deadline=None)  # how long anything takes is no test
settings.load_profile("site")

FOLDER = Path(tempfile.mkdtemp(prefix="bookshelf-tests-"))
os.environ["VAR_DIR"] = str(FOLDER)


def pytest_unconfigure() -> None:
    databases.drop_all()
    shutil.rmtree(FOLDER, ignore_errors=True)
