"""Runs a command with DATABASE_URL naming a PostgreSQL of its own, which is gone when the command has ended.

    python -m tests.postgres COMMAND [ARGUMENT …]

The server is the system's; where there is none, apt gets one. It listens on a Unix socket in its own folder, so it
meets no other server. Ctrl-C and SIGTERM stop the command and then the server.
"""

import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from .packages import apt, succeeded

DEBIAN = Path("/usr/lib/postgresql")  # its packages put one folder for each version here, and nothing on PATH
# What is written need not outlive the machine, and every site of every pytest process has its own connections.
SETTINGS = ["listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=300"]


def find_binaries() -> Path | None:
    """The folder of the server's programs: the one on PATH, else Debian's newest."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(DEBIAN.glob("[0-9]*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


def provided() -> Path | None:
    """The same, got from apt where there is none; None where it cannot be had."""
    if find_binaries() is None:
        print("No PostgreSQL here; getting one for the tests …", flush=True)
        succeeded(apt("postgresql"))
    return find_binaries()


@dataclass(frozen=True)
class Server:
    """`url`: as in DATABASE_URL. `restart`: in one of pg_ctl's modes, such as "fast"; returns when it serves again."""

    url: str
    restart: Callable[[str], None]


@contextmanager
def server(binaries: Path) -> Iterator[Server]:
    """A server that lives as long as the block. Raises CalledProcessError where it does not start."""
    folder = Path(tempfile.mkdtemp(prefix="bookshelf-postgres-"))
    user = group = others = None
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        nobody = pwd.getpwnam("nobody")
        user, group, others = nobody.pw_uid, nobody.pw_gid, list[int]()
        os.chown(folder, user, group)

    def pg_ctl(action: str, *options: str) -> None:
        command = [str(binaries / "pg_ctl"), action, "--silent", "--pgdata", str(folder / "data"), *options]
        subprocess.run(
            command, check=True, cwd=folder, stdout=subprocess.DEVNULL, user=user, group=group, extra_groups=others
        )

    def restart(mode: str) -> None:
        pg_ctl("restart", "--wait", "--log", str(folder / "log"), "--mode", mode)  # with the options of its start

    try:
        pg_ctl("initdb", "--options", "--username=bookshelf --auth=trust --encoding=UTF8 --no-locale --no-sync")
        options = ["-k", str(folder), *(word for setting in SETTINGS for word in ("-c", setting))]
        pg_ctl("start", "--wait", "--log", str(folder / "log"), "--options", shlex.join(options))
        try:
            yield Server(f"postgresql://bookshelf@/postgres?host={quote(str(folder))}", restart)
        finally:
            pg_ctl("stop", "--wait", "--mode", "immediate")  # nothing of it is kept
    finally:
        shutil.rmtree(folder)


def run(command: list[str], url: str) -> int:
    # A process group of its own: what asks for an end reaches it once, from here.
    process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url}, process_group=0)
    try:
        return process.wait()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
        raise


def stop(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # a second one must not stop the stopping
    raise KeyboardInterrupt


def main(command: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    binaries = provided()
    if binaries is None:
        print("None could be had; install PostgreSQL's server, 14 or newer.", file=sys.stderr)
        return 1
    try:
        with server(binaries) as running:
            return run(command, running.url)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
