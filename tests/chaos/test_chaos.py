"""The short form of the campaign, and that it can fail; `make chaos` is the long one."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .. import databases
from ..site import ROOT
from . import broken, plan
from .campaign import Campaign

pytestmark = pytest.mark.xdist_group("own_processes")


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="bookshelf-chaos-"))
    databases.create(folder)
    yield folder
    databases.drop(folder)
    shutil.rmtree(folder)


def database(folder: Path) -> str | None:
    return databases.environment(folder).get("DATABASE_URL")


def test_whatever_fails_no_post_is_lost_doubled_or_untold(folder: Path) -> None:
    drawn = plan.make(
        random.randrange(10**6), seconds=14, posts=40, readers=16, authors=6, counts=plan.SHORT
    )  # pytest-randomly's seed replays it
    report = Campaign(drawn, ROOT, folder, database(folder)).run()
    # How long things take on a busy machine is for the long form to say.
    complaints = [complaint for complaint in report.complaints if not complaint.startswith(("slow", "late"))]
    assert complaints == [], f"seed {drawn.seed}\n{report}\n{logs(folder)}"


def test_the_campaign_notices_a_hub_that_trusts_the_bells(folder: Path) -> None:
    flaw = broken.FLAWS["tick"]
    with broken.copy(flaw) as root:
        report = Campaign(flaw.plan(1), root, folder, database(folder), arriving=6).run()
    assert flaw.noticed(report.complaints) == broken.READERS, report


@pytest.mark.parametrize("flaw", broken.FLAWS.values(), ids=broken.FLAWS.keys())
def test_what_the_broken_copies_break_stands_where_they_look_for_it(flaw: broken.Flaw) -> None:
    assert (ROOT / flaw.file).read_text().count(flaw.old) == 1


def logs(folder: Path) -> str:
    """The end of each, for the folder is gone when this is read."""
    files = sorted(folder.glob("*.log"))
    return "\n".join(f"--- {file.name}\n{file.read_text(errors='replace')[-3000:]}" for file in files)
