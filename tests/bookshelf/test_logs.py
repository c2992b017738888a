"""What the site's processes say: all of one request is found by its id, and nothing said opens anything."""

import gzip
import json
import logging
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bookshelf.logs import bare, configuration

from ..site import ROOT, Site

KEY = "/accounts/password/reset/key/3-d2x4-secret/"


def test_one_id_goes_from_the_form_through_the_task_to_the_notice(site: Site) -> None:
    author = site.author()
    with site.reader() as reader:
        post = author.write("Found by its id")
        reader.until(post)
    task = rf"Task tasks\.enrich\.enrich_post\[enrich-{post}-\w+\] succeeded.* request_id=(\w+)"
    while not (found := re.search(task, site.log("worker"))):
        pass  # it is said when its reader has been told
    lines = [line for line in site.log("web").splitlines() if f"request_id={found[1]}" in line]
    assert any("request=POST /posts/new/" in line and "code=302" in line for line in lines)
    assert any("is told to" in line for line in lines)


def said(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.msg for record in caplog.records if isinstance(record.msg, dict)]


@pytest.mark.django_db
class TestRequests:
    def test_each_is_one_line_with_an_id_of_its_own(self, client: Client, caplog: pytest.LogCaptureFixture) -> None:
        client.get("/")
        client.get("/nothing/")
        lines = said(caplog)
        assert [(line["request"], line["code"], line["level"]) for line in lines] == [
            ("GET /", 200, "info"),
            ("GET /nothing/", 404, "info"),
        ]
        assert len({line["request_id"] for line in lines}) == 2

    @pytest.mark.parametrize(
        ("given", "is_kept"), [("7f3a9c0e-42", True), ("short", False), ("x" * 65, False), ("a b c d e f", False)]
    )
    def test_a_proxy_s_id_is_kept_where_it_is_one(
        self, client: Client, caplog: pytest.LogCaptureFixture, given: str, is_kept: bool
    ) -> None:
        client.get("/", headers={"X-Request-ID": given})
        assert (said(caplog)[0]["request_id"] == given) is is_kept

    def test_nothing_is_said_that_opens_anything(self, client: Client, ann: User, caplog: Any) -> None:
        client.post("/accounts/login/", {"login": "ann", "password": "correct horse battery"})
        client.get(KEY)
        client.get("/search/", {"q": "what somebody looks for"})
        client.post("/posts/new/", {"title": "x", "body": "not for logs", "isbn": "wrong"})
        text = json.dumps(said(caplog)) + caplog.text
        for secret in ("horse", "secret", "looks for", "not for logs", client.cookies["sessionid"].value):
            assert secret not in text

    def test_a_page_takes_no_query_for_it(self, client: Client, django_assert_num_queries: Any) -> None:
        client.get("/")
        with django_assert_num_queries(2):
            client.get("/")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_line_says_when_how_grave_who_and_what(as_json: bool) -> None:
    formatter = configuration(as_json=as_json)["formatters"]["written"]
    written = formatter.pop("()")(**formatter)
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError:
        record = logging.getLogger("tasks.enrich").makeRecord(
            "tasks.enrich", logging.ERROR, "f", 1, "Post %s is lost.", (7,), sys.exc_info(), extra={"request_id": "r1"}
        )
    text = written.format(record)
    if as_json:
        told = json.loads(text)
        assert (told["level"], told["logger"], told["event"], told["request_id"]) == (
            "error",
            "tasks.enrich",
            "Post 7 is lost.",
            "r1",
        )
        assert "by nothing" in told["exception"]
        assert "\n" not in text
    else:
        first, *rest = text.splitlines()
        assert re.fullmatch(r"\S+Z ERROR tasks\.enrich: Post 7 is lost\. request_id=r1", first)
        assert rest[-1] == "ZeroDivisionError: by nothing"


class TestSentry:
    def test_it_is_told_what_broke_and_nothing_that_was_in_it(self) -> None:
        told: list[bytes] = []

        class Sentry(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — its name over there
                pass

        broken = (
            "import os, logging, django, sentry_sdk; os.environ['DJANGO_SETTINGS_MODULE'] = 'bookshelf.settings'\n"
            "django.setup()\n"
            "password = 'hunter' + str(2)\n"
            "try: password / 1\n"
            "except TypeError: logging.getLogger('tasks').exception('It broke.')\n"
            "sentry_sdk.flush(10)"
        )
        with ThreadingHTTPServer(("127.0.0.1", 0), Sentry) as server:
            threading.Thread(target=server.serve_forever).start()
            dsn = f"http://public@127.0.0.1:{server.server_port}/1"
            environment = {**os.environ, "SENTRY_DSN": dsn, "NO_PROXY": "*", "no_proxy": "*"}
            subprocess.run([sys.executable, "-c", broken], cwd=ROOT, env=environment, check=True)
            server.shutdown()
        text = b"".join(map(unpacked, told)).decode()
        assert "It broke." in text
        assert "TypeError" in text
        assert "hunter2" not in text

    def test_of_a_request_it_gets_method_and_path(self) -> None:
        request = {
            "method": "POST",
            "url": f"https://example.org{KEY}",
            "query_string": "q",
            "cookies": "c",
            "data": "d",
        }
        told = bare({"level": "error", "request": request}, {})
        assert told["request"] == {"method": "POST", "url": "https://example.org/accounts/password/reset/key/…/"}


def unpacked(body: bytes) -> bytes:
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
