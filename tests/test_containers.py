"""What docker-compose.yml and the Dockerfile promise, and their commands at work; no container engine is needed."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from django.conf import settings

from . import databases
from .compose import compose_schema
from .site import ROOT, free_port

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "bookshelf"}
LASTING = sorted(set(SERVICES) - {"migrate"})
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SECRET = {"SECRET_KEY", "POSTGRES_PASSWORD", "VALKEY_PASSWORD"}


def interpolated(text: str, **variables: str) -> str:
    """What Compose makes of a text, as far as ours go."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups(default="")
        given = variables.get(name, "")
        return {"": given, ":?": given, ":-": given or rest, ":+": given and rest}[kind]

    before = ""
    while before != text:
        before, text = text, re.sub(r"(?<!\$)\$\{(\w+)(:[-+?])?([^${}]*)\}", value, text)
    return text.replace("$$", "$")


class TestCompose:
    def test_there_are_all_the_parts_of_the_site(self) -> None:
        assert set(OURS) == {"web", "worker", "imports", "sweep", "beat", "migrate"}
        assert set(SERVICES) - set(OURS) == {"database", "proxy", "valkey"}

    def test_only_the_site_itself_can_be_reached_from_outside_and_at_first_from_this_machine_alone(self) -> None:
        published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
        assert set(published) == {"proxy", "web"}
        assert [interpolated(port) for port in published["web"]] == ["127.0.0.1:8000:8000"]
        assert SERVICES["proxy"]["profiles"] == ["proxy"]  # it is not there until it is asked for
        assert not any("network_mode" in service for service in SERVICES.values())

    def test_there_is_exactly_one_beat(self) -> None:
        assert [name for name, service in OURS.items() if " beat " in service["command"]] == ["beat"]
        assert "container_name" in OURS["beat"]  # Compose scales no service that has one
        assert not any({"deploy", "scale"} & set(service) for service in OURS.values())

    def test_each_queue_has_a_worker_of_its_own_and_the_sweep_s_takes_one_task_at_a_time(self) -> None:
        queues = {name: queues_of(service["command"]) for name, service in OURS.items()}
        own = {"worker": ["enrich"], "imports": ["imports,lookups"], "sweep": ["sweep"]}
        assert {name: queue for name, queue in queues.items() if queue} == own
        assert "--pool solo --concurrency 1" in OURS["sweep"]["command"]

    def test_nothing_of_ours_starts_before_what_it_needs_is_there(self) -> None:
        for name, service in OURS.items():
            waits = {needed: about["condition"] for needed, about in service["depends_on"].items()}
            servers = {"database": "service_healthy", "valkey": "service_healthy"}
            migrated = {"migrate": "service_completed_successfully"}
            assert waits == ({"database": "service_healthy"} if name == "migrate" else servers | migrated)

    def test_migrating_is_done_once(self) -> None:
        assert OURS["migrate"]["restart"] == "no"
        assert "migrate" in OURS["migrate"]["command"]

    @pytest.mark.parametrize("name", LASTING)
    def test_whatever_lasts_is_started_again_and_its_health_is_asked(self, name: str) -> None:
        assert SERVICES[name]["restart"] == "unless-stopped"
        assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")

    def test_a_task_that_runs_may_end_first(self) -> None:
        for service in OURS.values():
            assert int(service["stop_grace_period"].removesuffix("s")) >= settings.CELERY_TASK_TIME_LIMIT + 10
            assert service["init"] is True

    def test_secrets_come_from_outside_or_it_says_what_is_missing(self) -> None:
        text = (ROOT / "docker-compose.yml").read_text()
        assert set(re.findall(r"\$\{(\w+):\?[^}]+\}", text)) == SECRET
        for service in SERVICES.values():
            for name in SECRET & set(service.get("environment", {})):
                assert service["environment"][name].startswith(f"${{{name}:?")
        assert set(re.findall(r"://\w*:(.)", text)) == {"$"}  # the passwords in addresses

    def test_what_the_queue_is_told_it_keeps_and_drops_none(self) -> None:
        command = shlex.split(interpolated(SERVICES["valkey"]["command"], VALKEY_PASSWORD="pass"))
        options = dict(zip(command[1::2], command[2::2], strict=True))
        assert options == {
            "--appendonly": "yes",
            "--save": "",
            "--maxmemory-policy": "noeviction",
            "--requirepass": "pass",
        }
        assert SERVICES["valkey"]["volumes"] == ["valkey:/data"]

    def test_web_and_workers_have_the_covers_in_common(self) -> None:
        for service in OURS.values():
            assert service["volumes"] == ["covers:/var/lib/bookshelf/media"]

    def test_nothing_of_the_image_can_be_changed(self) -> None:
        for service in [*OURS.values(), SERVICES["proxy"]]:
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
        for service in OURS.values():
            assert [place.partition(":")[0] for place in service["tmpfs"]] == ["/tmp", "/var/lib/bookshelf"]

    def test_it_is_as_the_specification_has_it(self) -> None:
        schema = compose_schema()
        if schema is None:
            complaint = "the schema of Compose files was not found, and could not be fetched"
            if os.environ.get("CI"):
                pytest.fail(complaint)
            pytest.skip(complaint)
        jsonschema.Draft201909Validator(schema).validate(COMPOSE)

    def test_the_example_of_an_environment_has_every_variable(self) -> None:
        named = set(re.findall(r"^#?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
        read = set(re.findall(r"\$\{(\w+)[:}]", (ROOT / "docker-compose.yml").read_text())) - {"COMPOSE_PROJECT_NAME"}
        read |= {name for name, value in OURS["web"]["environment"].items() if value is None}
        assert named == read | {"COMPOSE_PROFILES"}

    def test_every_variable_of_ours_can_be_set(self) -> None:
        table = re.findall(r"^\| (`[A-Z0-9_]+`(?:, `[A-Z0-9_]+`)*) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
        names = {name for cell in table for name in re.findall(r"[A-Z0-9_]+", cell)}
        # Where it listens and keeps things is the container's own.
        assert set(OURS["web"]["environment"]) == names - {"HOST", "PORT", "VAR_DIR"}


class TestSystemd:
    @pytest.mark.parametrize("name", ["beat", "imports", "sweep", "web", "worker"])
    def test_each_unit_runs_what_the_container_of_its_name_runs(self, name: str) -> None:
        unit = (ROOT / "docs" / "deployment" / "systemd" / f"bookshelf-{name}.service").read_text()
        (command,) = re.findall(r"^ExecStart=/opt/bookshelf/\.venv/bin/(.*)$", unit, re.MULTILINE)
        command = re.sub(r" --hostname \S+", "", command).replace("127.0.0.1", "0.0.0.0")
        assert shlex.split(command) == shlex.split(OURS[name]["command"])
        assert "\nKillMode=mixed\n" in unit
        (seconds,) = re.findall(r"^TimeoutStopSec=([0-9]+)$", unit, re.MULTILINE)
        assert int(seconds) >= (10 if name == "beat" else settings.CELERY_TASK_TIME_LIMIT + 10)
        assert "\nRequires=bookshelf-migrate.service\n" in unit
        assert re.search(r"^After=.*bookshelf-migrate\.service", unit, re.MULTILINE)

    def test_migrations_come_first_on_the_same_database(self) -> None:
        units = ROOT / "docs" / "deployment" / "systemd"
        migrate, web = ((units / f"bookshelf-{name}.service").read_text() for name in ("migrate", "web"))
        assert "\nType=oneshot\n" in migrate
        assert "\nExecStart=/opt/bookshelf/.venv/bin/python manage.py migrate\n" in migrate
        for line in ("EnvironmentFile", "Environment", "User", "WorkingDirectory"):
            assert re.findall(f"^{line}=.*$", migrate, re.MULTILINE) == re.findall(f"^{line}=.*$", web, re.MULTILINE)


def queues_of(command: str) -> list[str]:
    return re.findall(r"-Q (\S+)", command)


class TestImage:
    def test_it_runs_as_nobody_in_particular(self) -> None:
        (user,) = re.findall(r"^USER (.*)", DOCKERFILE, re.MULTILINE)
        assert re.fullmatch(r"[1-9][0-9]{3,}:[1-9][0-9]{3,}", user)
        assert DOCKERFILE.index("USER") > DOCKERFILE.index("COPY . .")

    def test_only_wheels_whose_hashes_are_known_are_installed(self) -> None:
        for install in re.findall(r"pip install.*(?:\\\n.*)*", DOCKERFILE):
            assert "--require-hashes" in install
            assert "--only-binary :all:" in install

    def test_beside_them_there_is_what_backs_up_the_database_of_its_own_version(self) -> None:
        (version,) = re.findall(r"^postgres:([0-9]+)", SERVICES["database"]["image"])
        assert re.findall(r"apt-get install ((?:-\S+ )*)(.*?) \\$", DOCKERFILE, re.MULTILINE) == [
            ("-q -y --no-install-recommends ", f"postgresql-client-{version}")
        ]

    def test_it_is_based_on_a_slim_image_with_a_version(self) -> None:
        assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.13-slim-trixie"}

    def test_what_changes_often_comes_after_what_takes_long(self) -> None:
        assert (
            DOCKERFILE.index("COPY requirements.txt") < DOCKERFILE.index("pip install") < DOCKERFILE.index("COPY . .")
        )

    def test_what_the_site_is_made_of_goes_in_and_nothing_else(self) -> None:
        ignored, *let_in = [
            line
            for line in (ROOT / ".dockerignore").read_text().split()
            if line[0] in "*!" and line != "**/__pycache__"
        ]
        assert ignored == "*"
        rooms = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
        wanted = {*rooms, "manage.py", "requirements.txt", "locale", "static", "templates"}
        assert {line.removeprefix("!") for line in let_in} == wanted


@pytest.fixture
def container(tmp_path: Path, valkey_server: None) -> Iterator[dict[str, str]]:
    """The environment of a container: what Compose gives it, with this process's servers for the two that it names."""
    databases.create(tmp_path)
    given = {
        name: interpolated(value, SECRET_KEY="x" * 50)
        for name, value in OURS["web"]["environment"].items()
        if value is not None
    }
    bin_folder = Path(sys.executable).parent
    with_servers = {"REDIS_URL": settings.REDIS.url, "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
    yield {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "VAR_DIR": str(tmp_path),
        **given,
        **with_servers,
        **databases.environment(tmp_path),
    }
    databases.drop(tmp_path)


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    """A command at work until the block ends; it then has to end well."""
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0


def is_healthy(test: list[str], environment: dict[str, str]) -> bool:
    kind, *command = map(interpolated, test)
    if kind == "CMD-SHELL":
        command = ["sh", "-c", *command]
    return subprocess.run(command, env=environment, stderr=subprocess.DEVNULL, check=False).returncode == 0


def test_each_process_is_healthy_once_it_is_at_work(container: dict[str, str]) -> None:
    port = str(free_port())

    def of(name: str) -> tuple[list[str], list[str]]:
        command, test = OURS[name]["command"], OURS[name].get("healthcheck", {}).get("test", [])
        return shlex.split(interpolated(command).replace("8000", port)), [word.replace("8000", port) for word in test]

    subprocess.run(of("migrate")[0], cwd=ROOT, env=container, check=True, stdout=subprocess.DEVNULL)
    with ExitStack() as stack:
        for name in ("beat", "imports", "sweep", "web", "worker"):
            command, test = of(name)
            folder = f"{container['VAR_DIR']}/{name}"
            own = container | {"VAR_DIR": folder, "PROMETHEUS_MULTIPROC_DIR": f"{folder}/metrics"}
            own["METRICS_PORT"] = str(free_port())
            assert not is_healthy(test, own)
            stack.enter_context(running(command, own))
            while not is_healthy(test, own):
                time.sleep(0.1)  # between two looks, as Compose looks
            if "worker" in command:
                address = f"http://127.0.0.1:{own['METRICS_PORT']}/metrics"
                with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address) as counts:
                    assert b"bookshelf_announced_seconds_count" in counts.read()
