"""The audit of what the site is built on."""

from .audit import verdict


def test_what_is_bad_is_named_and_fails() -> None:
    bad = {"name": "daphne", "version": "4.1.0", "vulns": [{"id": "CVE-2026-44545"}]}
    good = {"name": "django", "version": "5.2.19", "vulns": []}
    assert verdict({"dependencies": [good, bad]}) == (False, "daphne 4.1.0: CVE-2026-44545")


def test_that_nothing_is_known_is_said() -> None:
    good = {"name": "django", "version": "5.2.19", "vulns": []}
    skipped = {"name": "ours", "skip_reason": "Dependency not found"}
    assert verdict({"dependencies": [good, skipped]})[1].startswith("1 dependencies were audited")
    silent = "No dependency was audited: the advisory service cannot be reached from here."
    assert verdict({"dependencies": [skipped]}) == (True, silent)
