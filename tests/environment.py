"""A pytest plugin, loaded before Django reads its settings: nothing of the machine's own, and a folder to itself."""

import os
import shutil
import tempfile
from pathlib import Path

from . import databases

for name in ("REDIS_URL", "SITE_URL", "EMAIL_URL", "ALLOWED_HOSTS", "HOST", "PORT", "OPENLIBRARY_URL", "COVERS_URL"):
    os.environ.pop(name, None)

FOLDER = Path(tempfile.mkdtemp(prefix="bookshelf-tests-"))
os.environ["VAR_DIR"] = str(FOLDER)


def pytest_unconfigure() -> None:
    databases.drop_all()
    shutil.rmtree(FOLDER, ignore_errors=True)
