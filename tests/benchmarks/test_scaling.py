"""The plan for many readers: arithmetic, so that docs/scaling.md says what the script says."""

import pytest

from benchmarks.scaling import Costs, Load, plan, show

from ..site import ROOT


def test_the_page_has_the_script_s_figures(capsys: pytest.CaptureFixture[str]) -> None:
    show([Load(10_000), Load(1_000_000), Load(10_000_000)])
    said = capsys.readouterr().out
    page = (ROOT / "docs" / "scaling.md").read_text()
    for line in said.splitlines():
        assert not line.startswith("|") or line in page


def test_who_is_told_more_has_fewer_in_one_process() -> None:
    quiet, loud = Load(1_000_000), Load(1_000_000, likes_of_a_post=100)
    assert plan(loud, counts_to_all=True).processes > plan(quiet, counts_to_all=True).processes
    assert plan(quiet, counts_to_all=False).processes < plan(quiet, counts_to_all=True).processes
    dearer = Costs(delivery=2 * Costs().delivery)
    assert plan(quiet, counts_to_all=True, cost=dearer).processes > plan(quiet, counts_to_all=True).processes
