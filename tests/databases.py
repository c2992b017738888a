"""A database for each site that the tests start, where DATABASE_URL names PostgreSQL; SQLite's is a file in VAR_DIR."""

import hashlib
import os
import secrets
import sqlite3
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

SERVER = os.environ.get("DATABASE_URL", "")
POSTGRES = SERVER.startswith("postgres")
RUN = secrets.token_hex(4)  # what an earlier run left behind when it was killed is in nobody's way

_made: set[str] = set()
_empty = b""  # SQLite's file with all tables and nothing in them


def environment(var_dir: Path) -> dict[str, str]:
    """What tells a site on this folder of its database."""
    return {"DATABASE_URL": urlsplit(SERVER)._replace(path=f"/{_name(var_dir)}").geturl()} if POSTGRES else {}


def keep_empty(connection: sqlite3.Connection) -> None:
    """Let sites begin with what this one has: to make the tables takes longer than all else of a start."""
    global _empty
    _empty = connection.serialize()


def create(var_dir: Path) -> None:
    """Make that database, unless an earlier start on this folder has."""
    file = var_dir / "bookshelf.sqlite3"
    if _empty and var_dir.is_dir() and not file.exists():
        file.write_bytes(_empty)
    name = _name(var_dir)
    if POSTGRES and name not in _made:
        _execute("CREATE DATABASE {}", name)
        _made.add(name)


def drop(var_dir: Path) -> None:
    name = _name(var_dir)
    if name in _made:
        _drop(name)


def drop_all() -> None:
    """Those of sites that were started without `with`."""
    for name in list(_made):
        _drop(name)


def _drop(name: str) -> None:
    _execute("DROP DATABASE {} WITH (FORCE)", name)
    _made.remove(name)


def _name(var_dir: Path) -> str:
    return f"site_{RUN}_{hashlib.sha256(os.fsencode(var_dir)).hexdigest()[:16]}"


def _execute(statement: LiteralString, name: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
