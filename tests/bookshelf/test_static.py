"""What pages load beside themselves, and how much it is."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.templatetags.static import static
from django.test import Client
from pytest_django import Settings

from bookshelf.static import files
from bookshelf.version import version

SCRIPT = static("js/page.js")


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_file_is_sent_whole_and_to_be_kept(encoding: str) -> None:
    answer = Client().get(SCRIPT, headers={"Accept-Encoding": encoding})
    content = gzip.decompress(answer.content) if encoding == "gzip" else answer.content
    assert content == files()["js/page.js"].content
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("address", ["/static/0123456789/js/page.js", "/static/js/page.js"])
def test_another_version_s_file_is_this_one_s_and_not_to_be_kept(address: str) -> None:
    answer = Client().get(address)
    assert answer.content == files()["js/page.js"].content
    assert answer.headers["Cache-Control"] == "no-cache"
    again = Client().get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["", "js/", "js/none.js", "../manage.py", "%2e%2e/manage.py", "js//page.js"])
def test_there_is_nothing_else(path: str) -> None:
    assert Client().get(f"{site_settings.STATIC_URL}{path}").status_code == 404


def test_a_file_that_changes_under_a_running_site_is_sent_as_it_was(tmp_path: Path, settings: Settings) -> None:
    file = tmp_path / "words.txt"
    file.write_text("as it was")
    settings.STATICFILES_DIRS = [tmp_path]
    files.cache_clear()
    try:
        client = Client()
        client.get("/static/words.txt")
        file.write_text("longer than it was")
        answer = client.get("/static/words.txt")
        assert (answer.content, answer.headers["Content-Length"]) == (b"as it was", "9")
    finally:
        files.cache_clear()


def test_our_scripts_say_the_same_without_their_comments() -> None:
    for name in (Path(site_settings.BASE_DIR) / "static" / "js").glob("*.js"):
        lines = name.read_text().splitlines()
        # In a text of several lines a space at the beginning of one would be lost, and a comment would be none.
        assert not [line for line in lines if line.count("`") % 2]
        code = [line.partition(" // ")[0].strip() for line in lines if not line.strip().startswith("//")]
        assert not [line for line in code if line.count('"') % 2]
        assert files()[f"js/{name.name}"].content.decode().splitlines() == [line for line in code if line]


def test_another_file_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    page = tmp_path / "templates" / "page.html"
    page.write_text("one")
    first = version(tmp_path)
    assert first == version(tmp_path)
    page.write_text("two")
    second = version(tmp_path)
    page.rename(page.with_name("other.html"))
    assert len({first, second, version(tmp_path)}) == 3
    assert re.fullmatch("[0-9a-f]{10}", first)


@pytest.mark.django_db
def test_pages_are_compressed_for_whom_that_can_read_it() -> None:
    answer = Client().get("/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"<main" in gzip.decompress(answer.content)
    assert "Accept-Encoding" in answer.headers["Vary"]
    plain = Client().get("/")
    assert "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["Vary"]
