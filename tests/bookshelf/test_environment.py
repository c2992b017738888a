"""What an operator may set, and how a mistake is answered: in one line, at the start."""

import os
import runpy
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bookshelf import environment
from bookshelf.environment import Redis

from ..site import ROOT


def read_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    """Read the settings as a start does, in this process; give the complaint that ends it, or nothing."""
    for name, value in {"VAR_DIR": str(tmp_path), **variables}.items():
        monkeypatch.setenv(name, value)
    try:
        runpy.run_path(str(ROOT / "bookshelf" / "settings.py"))
    except environment.Unusable as end:
        return str(end)
    return ""


def start(tmp_path: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    code = "from django.conf import settings; settings.DEBUG; print('started')"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "bookshelf.settings", **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80.5"),
        ("DEBUG", "perhaps"),
        ("SITE_URL", "books.example"),
        ("SITE_URL", "ftp://books.example"),
        ("SITE_URL", "http://"),
        ("SITE_URL", "http://books.example:x"),
        ("CSRF_TRUSTED_ORIGINS", "books.example"),
        ("DATABASE_URL", "mysql://localhost/a"),
        ("DATABASE_URL", "nonsense"),
        ("REDIS_URL", "memcached://localhost"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://host:port"),
        ("REDIS_URL", "unix://"),
        ("REDIS_URL", "sentinel://host:26379"),
        ("REDIS_URL", "sentinel://host/master"),
        ("EMAIL_URL", "pigeon://loft"),
        ("EMAIL_FROM", "BookShelf"),
        ("EMAIL_FROM", "BookShelf <a@b@c>"),
        ("OPENLIBRARY_URL", "openlibrary.org"),
        ("COVERS_URL", "nowhere"),
        ("GOOGLE_BOOKS_KEY", "schlüssel"),
        ("CATALOGUE_RATE", "0"),
        ("CATALOGUE_RATE", "fast"),
        ("CATALOGUE_RATE", "nan"),
        ("ENRICH_DEADLINE", "-1"),
        ("CANARY_SECONDS", "often"),
        ("TRUSTED_PROXIES", "-1"),
        ("POSTS_PER_HOUR", "many"),
        ("SIGNUPS_PER_MINUTE", "-1"),
        ("NEW_ACCOUNT_DAYS", "1e9"),
        ("NEW_POSTS_PER_HOUR", "few"),
        ("NEW_COMMENTS_PER_HOUR", "-1"),
        ("VAR_DIR", "/dev/null/x"),
        ("SITE_CONTACT", "Zoë <zoe@books.example>"),
        ("SITE_URL", "https://bücher.example"),
        ("SITE_URL", "https://books.example/?a"),
        ("ALLOWED_HOSTS", "https://books.example"),
        ("DATABASE_URL", "sqlite://"),
        ("REDIS_URL", "redis://host/first"),
        ("GITHUB_LOGIN", "id"),
        ("OIDC_LOGIN", "https://issuer.example"),
        ("OIDC_LOGIN", "https://id:secret@issuer.example:many"),
        ("S3_URL", "https://s3.example/covers"),
        ("S3_URL", "https://key:secret@s3.example/"),
        ("S3_URL", "s3://key:secret@s3.example/covers"),
        ("REDIS_URL", "sentinel://host:99999/master"),
    ],
)
def test_a_bad_value_is_complained_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    (line,) = read_settings(tmp_path, monkeypatch, **{name: value}).splitlines()
    assert line.startswith(f"BookShelf cannot start: {name} ")


def test_a_complaint_stops_the_start_in_one_line(tmp_path: Path) -> None:
    answer = start(tmp_path, PORT="eighty")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "BookShelf cannot start: PORT must be a whole number, not 'eighty'.\n"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("SECRET_KEY", {"SECRET_KEY": ""}),
        ("SECRET_KEY", {"SECRET_KEY": "k" * 49}),
        ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": "*"}),
        ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": "other.example"}),
    ],
)
def test_what_is_not_safe_in_production_is_complained_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, given: dict[str, str]
) -> None:
    safe = {"SITE_URL": "https://books.example", "SECRET_KEY": "k" * 50}
    assert read_settings(tmp_path, monkeypatch, **safe) == ""
    (line,) = read_settings(tmp_path, monkeypatch, **(safe | given)).splitlines()
    assert line.startswith(f"BookShelf cannot start: {name} ")


def test_without_any_variable_it_starts(tmp_path: Path) -> None:
    answer = start(tmp_path)
    assert (answer.returncode, answer.stdout) == (0, "started\n"), answer.stderr


def test_the_secret_key_is_made_once_and_is_nobody_else_s(tmp_path: Path) -> None:
    file = tmp_path / "secret_key"
    key = environment.secret_key("NO_SUCH_VARIABLE", file)
    assert len(key) >= 50
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert environment.secret_key("NO_SUCH_VARIABLE", file) == key
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret_key"]


def test_a_broken_key_file_is_said_and_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "secret_key"
    file.write_text("short")
    with pytest.raises(environment.Unusable):
        environment.secret_key("NO_SUCH_VARIABLE", file)
    assert file.read_text() == "short"


def test_a_folder_too_long_for_a_socket_has_its_sockets_in_a_short_private_one(tmp_path: Path) -> None:
    assert environment.socket_folder(Path("/var/short")) == Path("/var/short")
    long = tmp_path / ("x" * 90)
    folder = environment.socket_folder(long)
    assert len(str(folder)) <= 90
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert environment.socket_folder(long) == folder
    folder.chmod(0o755)
    with pytest.raises(environment.Unusable):
        environment.socket_folder(long)
    folder.rmdir()


class TestRedis:
    def of(self, monkeypatch: pytest.MonkeyPatch, url: str) -> Redis:
        monkeypatch.setenv("REDIS_URL", url)
        return environment.redis("REDIS_URL", Path("/run/my site/valkey.sock"))

    def test_the_embedded_one_is_on_its_socket(self, monkeypatch: pytest.MonkeyPatch) -> None:
        redis = self.of(monkeypatch, "")
        assert redis.url == "unix:///run/my%20site/valkey.sock?db=0"
        assert redis.broker_url == "redis+socket:///run/my%20site/valkey.sock?virtual_host=0"
        assert redis.layer_host == {"address": redis.url}

    @pytest.mark.parametrize("url", ["redis://:secret@host:6379/2", "rediss://host"])
    def test_one_elsewhere_is_named_as_it_is(self, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        redis = self.of(monkeypatch, url)
        assert (redis.url, redis.broker_url, redis.layer_host) == (url, url, {"address": url})

    def test_sentinels_are_told_to_each_library_in_its_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        redis = self.of(monkeypatch, "sentinel://a:26379,b:26380/books")
        assert redis.broker_url == "sentinel://a:26379;sentinel://b:26380"
        assert redis.broker_options == {"master_name": "books"}
        assert redis.layer_host == {"sentinels": [("a", 26379), ("b", 26380)], "master_name": "books"}


def test_connections_to_postgresql_are_kept_and_tried_anew_soon() -> None:
    postgres: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql"}
    sqlite: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3"}
    for database in (postgres, sqlite):
        environment.pool(database)
    assert postgres["OPTIONS"]["pool"]["reconnect_timeout"] <= 5
    assert "OPTIONS" not in sqlite


def test_an_address_of_postgresql_may_say_when_to_give_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://books@database/books?connect_timeout=2&sslmode=require")
    options = environment.database("DATABASE_URL", tmp_path / "none")["OPTIONS"]
    assert (options["connect_timeout"], options["sslmode"]) == (2, "require")
    assert options["tcp_user_timeout"] == 10_000
