"""What an https address switches on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..site import ROOT

NAMES = (
    "SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SECURE_SSL_REDIRECT SECURE_HSTS_SECONDS POSTS_PER_HOUR "
    "COMMENTS_PER_HOUR SIGNUPS_PER_MINUTE SOCKETS_PER_ADDRESS CONNECTS_PER_MINUTE "
    "NEW_ACCOUNT_DAYS NEW_POSTS_PER_HOUR NEW_COMMENTS_PER_HOUR"
)


@pytest.mark.parametrize(("address", "expected"), [("https://books.example", True), ("http://books.example", False)])
def test_security_and_limits_follow_the_scheme(tmp_path: Path, address: str, expected: bool) -> None:
    code = f"from django.conf import settings\nfor name in '{NAMES}'.split(): print(bool(getattr(settings, name)))"
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "VAR_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "bookshelf.settings",
            "SITE_URL": address,
            "SECRET_KEY": "k" * 50,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(said.stdout.split()) == {str(expected)}
