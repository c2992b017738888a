"""The whole site, started as `make run` starts it, and people who visit it."""

import http.cookiejar
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets import Origin
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from bookshelf.environment import socket_folder
from bookshelf.launcher import ask_supervisord

from . import databases
from .catalogue import Catalogue

ROOT = Path(__file__).parent.parent
BOUNDARY = "between-the-fields"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class KeepRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


class Visitor:
    """Somebody with a cookie jar. Redirects are answers here, not followed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = ""  # as they are logged in
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies), KeepRedirects, urllib.request.ProxyHandler({})
        )

    def get(self, path: str, **headers: str) -> Answer:
        return self._open(urllib.request.Request(self.url + path, headers=headers))

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form with the token that its page has set."""
        if not self._token():
            self.get("/accounts/login/")
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": self._token(), **fields}).encode()
        return self._open(urllib.request.Request(self.url + path, data=data))

    def upload(self, path: str, data: bytes) -> Answer:
        """Send a form whose only field is a file."""
        head = 'Content-Disposition: form-data; name="file"; filename="export.csv"\r\nContent-Type: text/csv\r\n\r\n'
        body = f"--{BOUNDARY}\r\n{head}".encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "X-CSRFToken": self._token()}
        return self._open(urllib.request.Request(self.url + path, data=body, headers=headers))

    def sign_up(self, username: str) -> Self:
        answer = self.post(
            "/accounts/signup/", username=username, email=f"{username}@example.org", password1="correct horse battery"
        )
        assert answer.status == 302, answer.text
        self.name = username
        return self

    def log_in(self, username: str) -> Self:
        answer = self.post("/accounts/login/", login=username, password="correct horse battery")
        assert answer.status == 302, answer.text
        self.name = username
        return self

    def write(self, title: str = "On reading slowly", body: str = "Four evenings.", **fields: str) -> int:
        """Save a post through the form; gives its id."""
        answer = self.post("/posts/new/", title=title, body=body, **fields)
        assert answer.status == 302, answer.text
        return int(re.fullmatch(r"/posts/([0-9]+)/", answer.headers["location"])[1])  # type: ignore[index]

    def cookie_header(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)

    def _token(self) -> str:
        return next((cookie.value or "" for cookie in self.cookies if cookie.name == "csrftoken"), "")

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            response = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, response.read().decode(errors="replace"))  # a picture is none


class Reader:
    """A live socket, as a page holds it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def next(self, timeout: float = 30) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.connection.recv(timeout))
        return message

    def signal(self, kind: str, **fields: object) -> dict[str, Any]:
        """The next message of a type whose fields are these."""
        while True:
            message = self.next()
            if message["type"] == kind and fields.items() <= message.items():
                return message

    def until(self, *ids: int, timeout: float = 60) -> list[dict[str, Any]]:
        """The notices about some posts, until there is one about each; those about others pass by."""
        end, missing = time.monotonic() + timeout, set(ids)
        notices: list[dict[str, Any]] = []
        while missing:
            message = self.next(end - time.monotonic())
            if message["type"] == "update_notice" and message["new_id"] in ids:
                notices.append(message)
                missing.discard(message["new_id"])
            elif message["type"] == "heartbeat":
                self.connection.send(json.dumps({"pong": message["nonce"]}))
        return notices

    def closed(self) -> int | None:
        """The code that the server closes with, whatever it still says before; None where it just hangs up."""
        return self.rest()[1]

    def rest(self) -> tuple[list[dict[str, Any]], int | None]:
        """All that the server still says, and the code that it closes with."""
        messages: list[dict[str, Any]] = []
        try:
            while True:
                messages.append(self.next())
        except ConnectionClosed as end:
            return messages, end.rcvd.code if end.rcvd else None


class Web:
    """A process that serves pages and sockets, and who visits it there."""

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self.port = port
        self.url = f"http://{address}:{port}"

    def visitor(self) -> Visitor:
        return Visitor(self.url)

    @contextmanager
    def reader(
        self, since: str | None = None, person: Visitor | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[Reader]:
        """A live socket, of somebody who is logged in where `person` is given."""
        query = "" if since is None else f"?since={urllib.parse.quote(since)}"
        address = f"{self.url.replace('http', 'ws', 1)}/ws/update_notice/{query}"
        cookies = {"Cookie": person.cookie_header()} if person else {}
        with connect(
            address, origin=Origin(self.url), proxy=None, additional_headers={**cookies, **(headers or {})}
        ) as connection:
            yield Reader(connection)


class AnotherWeb(Web):
    """One more of a site's web processes, started by hand."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        super().__init__(port)
        self.process = process

    def wait_until_ready(self) -> None:
        while not self.is_ready():
            assert self.process.poll() is None
            time.sleep(0.05)  # between two looks

    def is_ready(self) -> bool:
        try:
            return self.visitor().get("/readyz").status == 200
        except urllib.error.URLError:
            return False


class Site(Web):
    """`with Site(catalogue) as site`: ready when the block begins, gone when it ends."""

    def __init__(self, catalogue: Catalogue, var_dir: Path | None = None, **environment: str) -> None:
        super().__init__(free_port())
        self.catalogue = catalogue
        self.var_dir = var_dir or Path(tempfile.mkdtemp(prefix="bookshelf-site-"))
        self.environment = {
            **{
                name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DJANGO_SETTINGS_MODULE")
            },
            "VAR_DIR": str(self.var_dir),
            "PORT": str(self.port),
            "OPENLIBRARY_URL": catalogue.url,
            "COVERS_URL": catalogue.url,
            "CATALOGUE_RATE": "1000",
            **databases.environment(self.var_dir),
            **environment,
        }
        self._people = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            assert self.stop() == 0
        finally:
            databases.drop(self.var_dir)
            shutil.rmtree(self.var_dir)

    def start(self) -> None:
        self.process = self.launch()
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line == f"BookShelf is ready at {self.url}\n", line + self.process.communicate()[1]

    def launch(self) -> subprocess.Popen[str]:
        databases.create(self.var_dir)
        return subprocess.Popen(
            [sys.executable, "-m", "bookshelf.launcher"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        returncode = self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe
            pipe.close()
        return returncode

    # --- its processes ----------------------------------------------------------------------------

    @property
    def redis_url(self) -> str:
        return f"unix://{socket_folder(self.var_dir)}/valkey.sock"

    def log(self, program: str) -> str:
        return (self.var_dir / "log" / f"{program}.log").read_text()

    def supervisor(self, method: str, *arguments: object) -> Any:
        return ask_supervisord(method, *arguments, folder=self.var_dir)

    def pid(self, program: str) -> int:
        pid: int = self.supervisor("getProcessInfo", program)["pid"]
        return pid

    @contextmanager
    def without(self, program: str) -> Iterator[None]:
        """One of its processes stopped, and not restarted until the block ends."""
        self.supervisor("stopProcess", program)
        try:
            yield
        finally:
            self.supervisor("startProcess", program)

    @contextmanager
    def frozen(self, program: str) -> Iterator[None]:
        """One of its processes there, and answering nothing."""
        pid = self.pid(program)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def another_web(self, **environment: str) -> Iterator[AnotherWeb]:
        """A second daphne on the same data and the same Valkey, with an environment of its own; killed at the end."""
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "daphne", "-p", str(port), "bookshelf.asgi:application"],
            cwd=ROOT,
            env=self.environment | {"PORT": str(port)} | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            web = AnotherWeb(port, process)
            web.wait_until_ready()
            yield web
        finally:
            process.kill()
            process.wait()

    def manage(self, *arguments: str) -> str:
        """What a management command prints."""
        databases.create(self.var_dir)
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # --- its people -------------------------------------------------------------------------------

    def author(self) -> Visitor:
        """Somebody new, signed up and logged in."""
        self._people += 1
        return self.visitor().sign_up(f"author{self._people}")

    def moderator(self) -> Visitor:
        """Somebody who keeps order, and is nothing else."""
        person = self.author()
        self.make_moderator(person)
        return person

    def make_moderator(self, person: Visitor) -> None:
        join = f"Group.objects.get(name='moderators').user_set.add(User.objects.get(username={person.name!r}))"
        self.manage("shell", "-c", f"from django.contrib.auth.models import Group, User; {join}")
