"""Finds a Chromium for the browser tests; run as a program, gets one where there is none."""

import os
import shutil
import subprocess
import sys

from .packages import apt, succeeded

# The first one paints nothing that nobody sees, which is more than half of what the others do.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

PLAYWRIGHT = [[sys.executable, "-m", "playwright", "install", "chromium"]]


def find_chromium() -> str | None:
    """The path of one that the system has, else of Playwright's own."""
    return next(filter(None, map(shutil.which, NAMES)), None) or playwrights_own()


def playwrights_own() -> str | None:
    # In a process of its own: Playwright's synchronous side leaves an event loop behind.
    code = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    path = said.stdout.strip()
    return path if os.path.exists(path) else None


if __name__ == "__main__" and find_chromium() is None:
    print("No Chromium here; getting one for the browser tests …", flush=True)
    if not (any(map(succeeded, (PLAYWRIGHT, apt(NAMES[0]), apt("chromium"))))):
        print("None could be had; the browser tests will say so.", file=sys.stderr)
