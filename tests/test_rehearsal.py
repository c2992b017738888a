"""The site as docker-compose.yml has it, without a container engine: each service's own command with its own
environment, on this machine's Valkey, PostgreSQL and Caddy; then the promise, through the proxy, over TLS."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from bookshelf import valkey

from . import postgres
from .catalogue import Catalogue, picture
from .conftest import live, sign_up
from .packages import apt, succeeded
from .site import ROOT, free_port
from .test_containers import OURS, SERVICES, interpolated, is_healthy

# Each has to end by itself, and well, when it is asked to; in this order.
OF_OURS = ("beat", "imports", "sweep", "worker", "web")


@dataclass(frozen=True)
class Rehearsal:
    url: str
    catalogue: Catalogue
    folder: Path

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


def listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 443), 5).close()
    except OSError:
        return False
    return True


def found_caddy() -> str | None:
    if shutil.which("caddy") is None:
        succeeded(apt("caddy"))
    return shutil.which("caddy")


class Stage:
    """Runs services as Compose would, where its networks' names are ports of this machine."""

    def __init__(self, folder: Path, catalogue: Catalogue, database_url: str) -> None:
        self.folder = folder
        self.ports = {"8000": str(free_port()), "6379": str(free_port()), "80": str(free_port())}
        self.url = f"https://localhost:{free_port()}"
        self.given = {
            "SECRET_KEY": "k" * 50,
            "POSTGRES_PASSWORD": "p" * 50,
            "VALKEY_PASSWORD": "v" * 50,
            "SITE_URL": self.url,
            "TRUSTED_PROXIES": "1",
            "OPENLIBRARY_URL": catalogue.url,
            "COVERS_URL": catalogue.url,
            "CATALOGUE_RATE": "1000",
        }
        self.database_url = database_url

    def here(self, text: str) -> str:
        """A text of the Compose file, for this machine."""
        text = interpolated(text, **self.given)
        return re.sub(r"@valkey:6379|127\.0\.0\.1:8000|port=8000", self._port, text)

    def _port(self, match: re.Match[str]) -> str:
        host, mark, port = re.split("([:=])", match[0])
        return f"{host.replace('valkey', '127.0.0.1')}{mark}{self.ports[port]}"

    def environment(self, name: str) -> dict[str, str]:
        said = SERVICES[name].get("environment", {})
        own = {key: self.here(value) if value is not None else self.given.get(key) for key, value in said.items()}
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (self.folder / "media").mkdir(exist_ok=True)
        if name in OURS and not (folder / "media").exists():
            (folder / "media").symlink_to(self.folder / "media")  # the volume that they have in common
        here = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "VAR_DIR": str(folder),
            "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
            "METRICS_PORT": str(free_port()),
            "DATABASE_URL": self.database_url,
            "WEB_HOST": "127.0.0.1",
            "WEB_PORT": self.ports["8000"],
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        kept = {key: value for key, value in own.items() if value is not None}
        return kept | {key: value for key, value in here.items() if key in ("PATH", "HOME", "VAR_DIR") or key in kept}

    def command(self, name: str) -> list[str]:
        return shlex.split(self.here(SERVICES[name]["command"]))

    @contextmanager
    def running(self, name: str, command: list[str]) -> Iterator[None]:
        """A service at work, and healthy, until the block ends."""
        environment = self.environment(name)
        with open(self.folder / f"{name}.log", "w") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            test = [self.here(word) for word in SERVICES[name]["healthcheck"]["test"]] if name in OF_OURS else []
            while test and not is_healthy(test, environment):
                assert process.poll() is None, (self.folder / f"{name}.log").read_text()
                time.sleep(0.1)  # between two looks, as Compose looks
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait() in (0, -signal.SIGTERM), name


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    caddy, binaries, server = found_caddy(), postgres.provided(), valkey.find_server()
    missing = {"Caddy": caddy, "PostgreSQL": binaries, "Valkey": server}
    if not all(missing.values()):
        complaint = f"{', '.join(name for name, there in missing.items() if not there)} cannot be had here"
        if os.environ.get("CI"):
            pytest.fail(complaint)
        pytest.skip(complaint)
    assert caddy
    assert binaries
    assert server
    with ExitStack() as stack:
        catalogue = stack.enter_context(Catalogue())
        stage = Stage(tmp_path, catalogue, stack.enter_context(postgres.server(binaries)).url)
        # An image has its server on PATH; its folder for data is here the service's own.
        _, *options = stage.command("valkey")
        place = ["--port", stage.ports["6379"], "--dir", str(tmp_path)]
        stack.enter_context(stage.running("valkey", [str(server), *options, *place]))
        migrate = stage.command("migrate")
        subprocess.run(migrate, cwd=ROOT, env=stage.environment("migrate"), check=True, stdout=subprocess.DEVNULL)
        for name in reversed(OF_OURS):
            stack.enter_context(stage.running(name, stage.command(name)))
        config = tmp_path / "Caddyfile"
        # It would put its own authority among this machine's, and take port 80.
        own = f"skip_install_trust\n\thttp_port {stage.ports['80']}\n\tadmin off"
        config.write_text((ROOT / "Caddyfile").read_text().replace("admin off", own))
        _, run, *_ = stage.command("proxy")
        command = [caddy, run, "--config", str(config), "--adapter", "caddyfile"]
        stack.enter_context(stage.running("proxy", command))
        # Its own test of its health asks for port 80 by a program that is in its image.
        while not listens(stage.url):
            time.sleep(0.05)  # between two looks
        yield Rehearsal(stage.url, catalogue, tmp_path)


async def test_the_promise_is_kept_through_the_proxy_over_tls(rehearsal: Rehearsal, browser: Browser) -> None:
    async def visit() -> Page:
        context = await browser.new_context(ignore_https_errors=True)  # the authority is Caddy's own
        page = await context.new_page()
        await page.goto(rehearsal.url)
        return page

    author = await visit()
    await sign_up(author, "ann")
    sockets: list[str] = []
    reader = await visit()
    reader.on("websocket", lambda socket: sockets.append(socket.url))
    await live(await reload(reader))
    await author.get_by_role("link", name="Write a post").click()
    await author.get_by_label("Title", exact=True).fill("Rehearsed")
    await author.get_by_label("Your post").fill("Four evenings.")
    await author.get_by_label("ISBN").fill(rehearsal.catalogue.add_new(cover=picture()))
    await author.get_by_role("button", name="Publish").click()
    card = reader.locator(".card", has_text="Rehearsed")
    await expect(card).to_be_visible(timeout=30_000)
    await expect(card.locator("img.cover")).to_have_js_property("complete", True)
    assert await card.locator("img.cover").evaluate("(image) => image.naturalWidth") > 0
    await expect(reader.get_by_role("link", name="New post: Rehearsed")).to_be_visible()
    assert sockets
    assert all(address.startswith("wss://") for address in sockets)
    cookies = {cookie["name"]: cookie for cookie in await author.context.cookies()}
    assert all(cookies[name]["secure"] for name in ("sessionid", "csrftoken"))
    answer = await author.request.get(rehearsal.url)
    assert "max-age=31536000" in answer.headers["strict-transport-security"]
    assert (await author.request.get(f"{rehearsal.url}/metrics")).status == 404
    large = await author.request.post(f"{rehearsal.url}/posts/new/", data=b"x" * 7_000_000)
    assert large.status in (413, 502)  # an older Caddy breaks off, and blames what is behind it
    # Whom the proxy has seen, and not whom somebody says; and one id from the proxy to the notice.
    line = next(line for line in rehearsal.log("web").splitlines() if '"POST /posts/new/"' in line)
    assert json.loads(line)["ip"] in ("127.0.0.1", "::/64")
    assert any(json.loads(line)["request_id"] in other for other in rehearsal.log("worker").splitlines())


async def reload(page: Page) -> Page:
    await page.reload()
    return page
