"""The whole database as one file, and a database from such a file: by SQLite itself, or by PostgreSQL's programs."""

import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from psycopg.conninfo import make_conninfo

from updater.models import Head, new_epoch

# Whoever finds a backup is to find no login that works, and no restore is to bring back one that was ended since.
LEFT_OUT = (Session._meta.db_table, settings.CACHES["default"]["LOCATION"])
HEAD = Head._meta.db_table
# What there is to a connection in PostgreSQL's programs of every version; our driver's library may know more.
CONNECTION = ("host", "port", "dbname", "user", "sslmode", "sslrootcert", "sslcert", "sslkey", "passfile")
DEBIAN = "/usr/lib/postgresql"  # its packages put one folder for each version here
PATIENCE = "60s"  # for transactions that are open in PostgreSQL; in SQLite it is the connection's own


class Impossible(Exception):
    """Says in words why there can be no backup, or no restore."""


def dump(file: Path) -> None:
    """Write the database as it is at one moment, without logins and cache, while others go on writing to it.

    Raises:
        Impossible: PostgreSQL's programs are not there, or fail.
        DatabaseError: SQLite cannot read it, or cannot write the file.
    """
    if connection.vendor == "sqlite":
        _dump_sqlite(file)
    else:
        _dump_postgres(file)


def load(file: Path) -> None:
    """Put what `dump` wrote in the place of all that is in the database, in one transaction.

    The notice log's epoch is another one afterwards: to readers its numbers start anew.

    Raises:
        Impossible: the database did not take it, and is as it was.
    """
    if connection.vendor == "sqlite":
        _load_sqlite(file)
    else:
        _load_postgres(file)


# --- SQLite -----------------------------------------------------------------------------------------


def _dump_sqlite(file: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(file)])  # without the pages in which deleted text still stands
    with closing(sqlite3.connect(file)) as copy:
        copy.execute("PRAGMA secure_delete = ON")
        for table in LEFT_OUT:
            copy.execute(f'DELETE FROM "{table}"')  # noqa: S608 — the names are ours
        copy.commit()


def _load_sqlite(file: Path) -> None:
    connection.ensure_connection()
    try:
        with closing(sqlite3.connect(file)) as copy:
            copy.execute(f'UPDATE "{HEAD}" SET epoch = ?', [new_epoch()])  # noqa: S608 — the name is ours
            copy.commit()
            copy.backup(connection.connection, progress=_not_in_vain)
    except sqlite3.Error as error:
        raise Impossible(f"SQLite did not take it: {error}") from error
    finally:
        connection.close()


def _not_in_vain(status: int, remaining: int, total: int) -> None:
    """Without this it would try for ever."""
    if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise Impossible("another process writes to the database and does not come to an end.")


# --- PostgreSQL -------------------------------------------------------------------------------------


def _dump_postgres(file: Path) -> None:
    # Whoever restores it need not be called as whoever made it.
    plain = ["--no-owner", "--no-privileges", "--no-comments"]
    _run("pg_dump", *plain, *(f"--exclude-table-data={table}" for table in LEFT_OUT), f"--file={file}")


def _load_postgres(file: Path) -> None:
    # A table that this version has and the backup has not would be in the way of the migration that makes it.
    tables = ", ".join(map(connection.ops.quote_name, connection.introspection.table_names()))
    clear = f"SET client_min_messages = warning; SET LOCAL lock_timeout = '{PATIENCE}'; "
    clear += f"DROP TABLE {tables} CASCADE" if tables else ""
    # The script has emptied the search path.
    begin_anew = f"RESET search_path; UPDATE {connection.ops.quote_name(HEAD)} SET epoch = '{new_epoch()}'"  # noqa: S608
    connection.close()
    steps = [f"--command={clear}", f"--file={file}", f"--command={begin_anew}"]
    _run("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", *steps)


def _run(name: str, *options: str) -> None:
    """Run one of PostgreSQL's programs on our database.

    Raises:
        Impossible: it is not there, or it failed; with the first that it said.
    """
    connection.ensure_connection()
    about = connection.connection.info
    known = {key: value for key, value in about.get_parameters().items() if key in CONNECTION}
    database = f"--dbname={make_conninfo(**known)}"
    command = [program(name, about.server_version // 10_000), database, "--no-password", *options]
    environment = {**os.environ, "PGPASSWORD": about.password}  # where no list of processes shows it
    connection.close()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Impossible("".join(done.stderr.strip().splitlines()[:1]) or f"{name} ended with {done.returncode}.")


def program(name: str, version: int) -> str:
    """The path of a program of the server's own version: what a newer one writes, that server does not take back."""
    for path in (shutil.which(name), f"{DEBIAN}/{version}/bin/{name}"):
        if path and Path(path).exists() and version_of(path) == version:
            return path
    raise Impossible(f"{name} of PostgreSQL {version} is not here; on Debian it is in postgresql-client-{version}.")


def version_of(path: str) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\(PostgreSQL\) ([0-9]+)", said)
    return int(found[1]) if found else 0
