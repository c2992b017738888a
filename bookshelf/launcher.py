"""`make run`: the whole site on one machine. Sets up what it needs, has supervisord keep the processes, and says when.

    lock on VAR_DIR → port free? → supervisord → Valkey → migrations → workers, sweep, beat, daphne → ready

Ends with 0 when it is told to (Ctrl-C, SIGTERM), else with 1 and a line that says why.
"""

import contextlib
import fcntl
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xmlrpc.client
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import django
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError
from supervisor.xmlrpc import SupervisorTransport

from bookshelf import celery_app
from bookshelf.processes import CannotRun, configuration, embedded, node, programs, sockets

LAST_LINES = 15
SUPERVISORD_STOPS_IN = 150.0  # seconds; longer than all its children together may take
READY_IN = 120.0  # seconds


class Stopped(BaseException):
    """Somebody asked for an end. Not an Exception: no library on the way may take it for a failure of its own."""


def ask_supervisord(method: str, *arguments: object, folder: Path | None = None) -> Any:
    """Call a method of supervisord's own interface.

    Args:
        folder: where its socket stands; this site's where nothing else is said.

    Raises:
        OSError, http.client.HTTPException: it is not there.
        xmlrpc.client.Fault: it does not want to.
    """
    transport = SupervisorTransport(None, None, f"unix://{folder or sockets()}/supervisor.sock")
    try:
        with xmlrpc.client.ServerProxy("http://unix", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)
    finally:
        transport.close()


class Supervisor:
    """supervisord as a child of ours, and what it says of its own children."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._children: list[int] = []  # as last seen

    def stop_orphan(self) -> None:
        """End one that outlived its launcher: a second Valkey on the same files would be the end of them."""
        if not self.answers():
            return
        ask_supervisord("shutdown")
        until(lambda: not self.answers(), SUPERVISORD_STOPS_IN, "an earlier supervisord on this VAR_DIR does not stop.")

    def answers(self) -> bool:
        try:
            ask_supervisord("getState")
        except xmlrpc.client.Fault:
            return True  # it is on its way out, and still there
        except (OSError, http.client.HTTPException):
            return False
        return True

    def start(self, config: Path) -> None:
        command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(config)]
        with open(last_words(), "w") as words:
            # A session of its own: Ctrl-C reaches this process alone, which then stops the others in their order.
            self._process = subprocess.Popen(
                command, start_new_session=True, stdin=subprocess.DEVNULL, stdout=words, stderr=words
            )
        self.until(self.answers)

    def run(self, name: str) -> None:
        ask_supervisord("startProcess", name, False)

    def stop(self) -> None:
        if self._process is None:
            self.stop_orphan()  # where the end was asked for in the very moment of its start
        elif self._process.poll() is None:
            self._stop_together()
            self._process.terminate()
            try:
                self._process.wait(SUPERVISORD_STOPS_IN)
            except subprocess.TimeoutExpired:
                self._process.kill()
        else:
            self.stop_children()

    def _stop_together(self) -> None:
        """Ask all but Valkey for their end at once; supervisord would wait for one before it asks the next."""
        for program in programs():
            if program.name != "valkey":
                with contextlib.suppress(OSError, http.client.HTTPException, xmlrpc.client.Fault):  # it has ended
                    ask_supervisord("stopProcess", program.name, False)

    def stop_children(self) -> None:
        """End what a supervisord that was killed has left running."""
        for pid in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def until(self, reached: Callable[[], bool]) -> None:
        """Wait for something that the children bring about.

        Raises:
            CannotRun: one of them cannot be kept up, or it takes too long.
        """
        end = time.monotonic() + READY_IN
        while not reached():
            self.check()
            if time.monotonic() > end:
                raise CannotRun(f"it is not ready after {READY_IN:g} s; {settings.VAR_DIR}/log may say why.")
            time.sleep(0.05)

    def check(self) -> None:
        """Raises CannotRun where supervisord has ended or given a child up."""
        if self._process is not None and self._process.poll() is not None:
            raise CannotRun(f"supervisord ended.\n{last_lines(last_words())}")
        try:
            children = ask_supervisord("getAllProcessInfo")
        except (OSError, http.client.HTTPException, xmlrpc.client.Fault):
            return  # it is not there yet, or on its way out; the next look tells
        self._children = [child["pid"] for child in children if child["pid"]]
        for child in children:
            if child["statename"] == "FATAL":
                raise CannotRun(
                    f"{child['name']} does not stay up. Its last lines:\n{last_lines(child['stdout_logfile'])}"
                )


def last_words() -> Path:
    """What supervisord says in this run before it has a log, or when it breaks."""
    return Path(settings.VAR_DIR) / "log" / "supervisord.out"


def last_lines(file: str | Path) -> str:
    try:
        lines = Path(file).read_text(errors="replace").splitlines()[-LAST_LINES:]
    except OSError as error:
        return f"(no log: {error.strerror})"
    return "\n".join(f"  {line}" for line in lines)


def until(reached: Callable[[], bool], seconds: float, complaint: str) -> None:
    end = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > end:
            raise CannotRun(complaint)
        time.sleep(0.1)


# --- what has to be so before, and what makes it ready ---------------------------------------------


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """This VAR_DIR is ours. Raises CannotRun where it is another's."""
    with open(settings.VAR_DIR / "lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(f"another BookShelf is running on {settings.VAR_DIR}.") from None
        yield


def check_port() -> None:
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST, settings.PORT))
        except OSError as error:
            raise CannotRun(f"{settings.HOST}:{settings.PORT} cannot be listened on ({error.strerror}).") from None


def count_anew() -> None:
    """Give the processes a folder in which they count together (bookshelf/metrics.py), with nothing of those before."""
    folder = settings.VAR_DIR / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def valkey_answers() -> bool:
    try:
        with redis.Redis.from_url(settings.REDIS.url, socket_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:  # not there yet, or loading what it kept
        return False


def site_answers() -> bool:
    """A save can reach a browser: the site is ready, and the workers take tasks."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}/readyz"
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=5) as answer:
            ready = b'"redis": "ok"' in answer.read()
    except (urllib.error.URLError, OSError):
        return False
    nodes = [node("enrich"), node("imports"), node("sweep")]
    return ready and len(celery_app.control.ping(destination=nodes, timeout=1.0) or []) == len(nodes)


def run() -> None:
    """Run the site until somebody stops it. Raises CannotRun, Stopped."""
    with locked():
        supervisor = Supervisor()
        supervisor.stop_orphan()
        if embedded() and valkey_answers():
            raise CannotRun(f"a Valkey left behind by an earlier run is at work on {settings.VAR_DIR}; end it first.")
        check_port()
        count_anew()
        all_programs = programs()
        (settings.VAR_DIR / "log").mkdir(exist_ok=True)
        config = settings.VAR_DIR / "supervisord.conf"
        config.write_text(configuration(all_programs))
        try:
            supervisor.start(config)
            if embedded():
                supervisor.run("valkey")
                supervisor.until(valkey_answers)
            call_command("migrate", interactive=False, verbosity=0)
            for program in all_programs:
                if program.name != "valkey":
                    supervisor.run(program.name)
            supervisor.until(site_answers)
            print(f"BookShelf is ready at {settings.SITE_URL}", flush=True)
            while True:
                supervisor.check()
                time.sleep(1)
        except Stopped:
            print("Stopping; a task that runs may end first …", file=sys.stderr)
            raise
        finally:
            heed(signal.SIG_IGN)
            supervisor.stop()


def stop(number: int, frame: FrameType | None) -> None:
    heed(signal.SIG_IGN)  # first of all: a second signal must not stop the stopping
    raise Stopped


def heed(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, handler)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookshelf.settings")
    django.setup()
    os.umask(0o077)  # the data and the logs are the operator's alone
    os.environ["VAR_DIR"] = str(settings.VAR_DIR)  # absolute, for children that run in another folder
    try:
        heed(stop)
        run()
    except Stopped:
        print("BookShelf has stopped.", file=sys.stderr)
        return 0
    except (CannotRun, OSError, DatabaseError) as error:
        print(f"BookShelf cannot run: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
