"""Gets a program that the tests need, by commands that may fail: where there is no way to it, they say so."""

import os
import subprocess
import sys

SECONDS = 600  # for each command

QUIET = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


def succeeded(commands: list[list[str]]) -> bool:
    try:
        return all(
            subprocess.run(command, check=False, timeout=SECONDS, env=QUIET).returncode == 0 for command in commands
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"{commands[0][0]}: {error}", file=sys.stderr)
        return False


def apt(package: str) -> list[list[str]]:
    return [[*AS_ROOT, "apt-get", "update", "-q"], [*AS_ROOT, "apt-get", "install", "-q", "-y", package]]
