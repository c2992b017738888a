"""The server that `make test-postgres` brings: there for one command, and gone with it however that ends."""

import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from .postgres import find_binaries

pytestmark = pytest.mark.skipif(find_binaries() is None, reason="PostgreSQL is here once `make test-postgres` has run")

SAY_WHERE = "import os; print(os.environ['DATABASE_URL'], flush=True)"
WAIT = "\nimport signal\ntry: signal.pause()\nexcept KeyboardInterrupt: print('asked to end')"


def start(code: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.postgres", sys.executable, "-c", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0)


def is_gone(url: str) -> bool:
    (folder,) = parse_qs(urlsplit(url).query)["host"]
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    return not Path(folder).exists()


@pytest.mark.parametrize("code", [0, 3])
def test_it_ends_with_its_command_and_tells_how_that_ended(code: int) -> None:
    process = start(f"{SAY_WHERE}; raise SystemExit({code})")
    said = process.communicate()[0]
    assert process.returncode == code
    assert is_gone(said.strip())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_lets_the_command_end_first(number: int) -> None:
    with start(SAY_WHERE + WAIT) as process:
        assert process.stdout
        url = process.stdout.readline().strip()
        psycopg.connect(url).close()
        process.send_signal(number)
        assert process.stdout.readline() == "asked to end\n"
        assert process.wait() == 130
    assert is_gone(url)
