"""Asks an advisory service about what the lock file names; as a program, ends with 1 where something bad is known."""

import json
import subprocess
import sys
from typing import Any

from .site import ROOT

COMMAND = ["pip_audit", "-r", "requirements.txt", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]


def verdict(report: dict[str, Any]) -> tuple[bool, str]:
    """Whether nothing bad is known, and what to say.

    Args:
        report: pip-audit's, in JSON; it knows of no package where it cannot reach the service.
    """
    packages = report["dependencies"]
    known = [package for package in packages if "vulns" in package]
    bad = [f"{each['name']} {each['version']}: {vuln['id']}" for each in known for vuln in each["vulns"]]
    if bad:
        return False, "\n".join(bad)
    if not known:
        return True, "No dependency was audited: the advisory service cannot be reached from here."
    skipped = len(packages) - len(known)
    return True, f"{len(known)} dependencies were audited, nothing bad is known of them; {skipped} are not known there."


def main() -> int:
    told = subprocess.run(
        [sys.executable, "-m", *COMMAND, "--format", "json"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    try:
        report = json.loads(told.stdout)
    except ValueError:
        print(told.stderr, file=sys.stderr)
        return 1
    is_good, words = verdict(report)
    print(words)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
