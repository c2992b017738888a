"""The ground on which the site is measured: a folder and a database of its own, and nothing of the operator's."""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import django

from tests.postgres import provided, server

BENCH = Path(__file__).parent.parent / "var" / "bench"


@contextmanager
def cleared(settings: str, postgres: bool) -> Iterator[None]:
    """Django set up on it, for the length of a `with` block.

    Args:
        settings: the module.
        postgres: whether the database is PostgreSQL, on a server of its own, rather than SQLite.
    """
    folder = tempfile.mkdtemp(prefix="bookshelf-bench-")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)  # a site may have removed it
        for name in ("REDIS_URL", "SITE_URL", "DATABASE_URL", "ALLOWED_HOSTS"):
            os.environ.pop(name, None)
        if postgres:
            binaries = provided()
            if binaries is None:
                print("PostgreSQL is left out: there is none.")
                sys.exit()
            os.environ["DATABASE_URL"] = stack.enter_context(server(binaries)).url
        os.environ |= {"VAR_DIR": folder, "PORT": "8000", "DJANGO_SETTINGS_MODULE": settings}
        django.setup()
        yield


def keep(name: str, figures: Any) -> None:
    """Write all figures of a run where they can be found again, and say where."""
    BENCH.mkdir(parents=True, exist_ok=True)
    file = BENCH / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    file.write_text(json.dumps(figures, indent=1))
    print(f"All figures: {file}", file=sys.stderr)
