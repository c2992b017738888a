"""`make run`: one ready line, one clear line where it cannot, nothing left behind."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from ..catalogue import Catalogue
from ..site import Site

pytestmark = pytest.mark.xdist_group("own_processes")


def running_in(var_dir: Path) -> list[str]:
    """The commands of processes that work in a folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended meanwhile
        if command and f"VAR_DIR={var_dir}".encode() in environment:
            found.append(command.replace(b"\0", b" ").decode())
    return found


def refused(site: Site) -> str:
    """The complaint of a start that has to fail."""
    site.process = site.launch()
    try:
        out, err = site.process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        site.stop()
        raise
    assert (site.process.returncode, out) == (1, "")
    return err


@pytest.fixture
def stopped(catalogue: Catalogue, tmp_path: Path) -> Site:
    """A site that is not started."""
    return Site(catalogue, tmp_path / "var")


def test_a_second_one_on_the_same_folder_is_refused_and_the_first_goes_on(own_site: Site) -> None:
    second = Site(own_site.catalogue, own_site.var_dir)
    assert refused(second) == f"BookShelf cannot run: another BookShelf is running on {own_site.var_dir}.\n"
    assert own_site.visitor().get("/healthz").status == 200


def test_a_taken_port_is_refused_and_leaves_nothing_running(stopped: Site) -> None:
    with socket.create_server(("127.0.0.1", stopped.port)):
        assert refused(stopped) == (
            f"BookShelf cannot run: 127.0.0.1:{stopped.port} cannot be listened on (Address already in use).\n"
        )
    assert running_in(stopped.var_dir) == []


def test_a_folder_that_cannot_be_written_to_is_refused(catalogue: Catalogue) -> None:
    complaint = refused(Site(catalogue, Path("/dev/null/var")))
    assert complaint == (
        "BookShelf cannot start: VAR_DIR /dev/null/var is not a folder that can be written to (Not a directory).\n"
    )


def test_a_child_that_cannot_be_kept_up_ends_it_with_that_child_s_last_lines(stopped: Site) -> None:
    kept = stopped.var_dir / "valkey" / "appendonlydir"
    kept.mkdir(parents=True)
    (kept / "appendonly.aof.manifest").write_text("nonsense\n")
    complaint = refused(stopped)
    assert complaint.startswith("BookShelf cannot run: valkey does not stay up. Its last lines:\n")
    assert "nonsense" in complaint or "manifest" in complaint
    assert running_in(stopped.var_dir) == []


def test_it_starts_again_where_it_was_after_it_was_killed_and_after_it_was_stopped(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    var_dir = tmp_path / ("a folder with a name that is too long for a Unix socket, and blanks" + "x" * 20)
    site = Site(catalogue, var_dir)
    site.start()
    author = site.author()
    post_id = author.write(key="abc")
    orphan = int((var_dir / "supervisord.pid").read_text())
    site.stop(signal.SIGKILL)

    site.start()
    assert int((var_dir / "supervisord.pid").read_text()) != orphan
    with pytest.raises(ProcessLookupError):
        os.kill(orphan, 0)
    assert author.write(key="abc") == post_id  # still logged in, and the post is there
    with site.reader(since=None):
        pass
    assert site.stop(signal.SIGINT) == 0
    assert running_in(var_dir) == []

    site.start()
    assert author.write(key="abc") == post_id
    site.process.send_signal(signal.SIGTERM)
    assert site.stop(signal.SIGINT) == 0  # two at once
    assert running_in(var_dir) == []


def test_make_without_a_word_lists_the_commands() -> None:
    said = subprocess.run(["make"], capture_output=True, text=True, check=True).stdout
    assert "run " in said
    assert "test " in said
