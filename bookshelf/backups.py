"""A backup, one file with the database as of one moment and the covers, and the way back from it.

    backup.tar.gz = manifest.json, database, covers/…

The database comes before the covers: whatever cover it names was stored before it was read, and names are made of
content, so the covers that are read later are all that it needs. On the way back the covers come first.
"""

import gzip
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Self

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from .dumps import Impossible, dump, load

FORMAT = 1
MANIFEST, DATABASE, COVERS = "manifest.json", "database", "covers"
AT_ONCE = 1 << 20  # bytes


@dataclass(frozen=True)
class Manifest:
    bookshelf: int  # the format
    made_at: str
    engine: str  # Django's word for the database's kind
    migrations: list[tuple[str, str]]  # those that it had seen

    @classmethod
    def of_this_site(cls) -> Self:
        applied = sorted(MigrationRecorder(connection).applied_migrations())
        return cls(FORMAT, timezone.now().isoformat(timespec="seconds"), connection.vendor, applied)

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Raises KeyError, TypeError, ValueError where it is none."""
        read = json.loads(text)
        migrations = [(str(app), str(name)) for app, name in read["migrations"]]
        made_at = datetime.fromisoformat(read["made_at"]).isoformat()
        return cls(int(read["bookshelf"]), made_at, str(read["engine"]), migrations)


# --- there ------------------------------------------------------------------------------------------


def back_up(file: Path) -> int:
    """Write a backup while the site runs or not, aside and then into place, for its owner alone.

    Returns:
        How many covers are in it.

    Raises:
        Impossible: there is nothing, or PostgreSQL's programs are not there or fail.
        DatabaseError, OSError: the one cannot be read, or the file not written.
    """
    manifest = Manifest.of_this_site()
    if not manifest.migrations:
        raise Impossible("there is nothing in the database yet.")
    with tempfile.TemporaryDirectory(prefix=".bookshelf-", dir=file.parent) as name:
        database, aside = Path(name) / DATABASE, Path(name) / "backup"
        dump(database)
        with open(aside, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as whole:
            with tarfile.open(fileobj=whole, mode="w:gz", compresslevel=6) as tar:
                add(tar, MANIFEST, json.dumps(asdict(manifest)).encode())
                tar.add(database, DATABASE)
                count = 0
                for cover, content in stored_covers():
                    add(tar, cover, content)
                    count += 1
            whole.flush()
            os.fsync(whole.fileno())
        aside.replace(file)
    return count


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    about = tarfile.TarInfo(name)
    about.size = len(content)
    tar.addfile(about, io.BytesIO(content))


def stored_covers() -> Iterator[tuple[str, bytes]]:
    try:
        names = default_storage.listdir(COVERS)[1]
    except FileNotFoundError:  # there has never been one
        return
    for name in names:
        with default_storage.open(f"{COVERS}/{name}") as cover:
            yield f"{COVERS}/{name}", cover.read()


# --- and back ---------------------------------------------------------------------------------------


def inspect(file: Path) -> Manifest:
    """Read a backup from its beginning to its end, before anything is changed.

    Raises:
        Impossible: it is none, is damaged, or is none for this site.
        OSError: it cannot be read.
    """
    try:
        with gzip.open(file) as whole:
            while whole.read(AT_ONCE):  # to the end, where its checksum stands
                pass
        with tarfile.open(file, "r:gz") as tar:
            manifest = Manifest.parse(opened(tar, tar.getmember(MANIFEST)).read())
            tar.getmember(DATABASE)
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise Impossible(f"{file} is no backup of BookShelf, or a damaged one ({error}).") from error
    known = MigrationLoader(connection).disk_migrations
    unknown = [".".join(migration) for migration in manifest.migrations if migration not in known]
    if manifest.bookshelf > FORMAT or unknown:
        what = f" ({', '.join(unknown)})" if unknown else ""
        raise Impossible(f"{file} is from a newer BookShelf than this one{what}.")
    if manifest.engine != connection.vendor:
        raise Impossible(f"{file} is of a site on {manifest.engine}, and this one is on {connection.vendor}.")
    return manifest


def restore(file: Path) -> int:
    """Make the site what it was when this backup was made, while it runs or not.

    The database changes in one transaction or not at all, the notice log's epoch with it: cursors from before are
    of no use. Covers are added, and none is taken away. Migrations that the backup has not seen are still to come.

    Args:
        file: what `inspect` has found to be good.

    Returns:
        How many covers there were in it.

    Raises:
        Impossible: the database did not take it, and is as it was.
        OSError: it cannot be read.
    """
    count = 0
    with (
        tempfile.TemporaryDirectory(prefix=".bookshelf-", dir=settings.VAR_DIR) as name,
        tarfile.open(file, "r:gz") as tar,
    ):
        database = Path(name) / DATABASE
        for member in tar:
            if member.name == DATABASE:
                with open(database, "xb") as target:
                    shutil.copyfileobj(opened(tar, member), target)
            elif re.fullmatch(rf"{COVERS}/[0-9a-f]+\.webp", member.name):
                store(member.name, opened(tar, member).read())
                count += 1
        load(database)
    return count


def opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    """Raises KeyError where it is no file."""
    content = tar.extractfile(member)
    if content is None:
        raise KeyError(member.name)
    return content


def store(name: str, content: bytes) -> None:
    # One that is there is the same; a part of one, which a process that was killed has left, is shorter.
    if not default_storage.exists(name) or default_storage.size(name) != len(content):
        default_storage.save(name, ContentFile(content))
