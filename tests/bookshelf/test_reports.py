"""What browsers report of the policy: each kind is heard of once, and nobody fills a log with it."""

import json
from typing import Any

import pytest
from django.test import Client

from bookshelf import reports

ADDRESS = "/reports/policy/"


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    reports.told.clear()


def send(client: Client, report: Any) -> int:
    body = report if isinstance(report, bytes) else json.dumps({"csp-report": report}).encode()
    return client.post(ADDRESS, body, content_type="application/csp-report").status_code


def test_a_page_s_policy_names_where_browsers_report(client: Client, db: None) -> None:
    assert f"report-uri {ADDRESS}" in client.get("/").headers["Content-Security-Policy"]


def test_each_kind_is_said_once_and_nothing_of_a_query(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    report = {
        "document-uri": "https://a.example/posts/1/x/?q=private",
        "effective-directive": "img-src",
        "blocked-uri": "https://evil.example/a.png",
    }
    assert [send(client, report), send(client, report)] == [204, 204]
    said = [record.getMessage() for record in caplog.records if record.name == reports.__name__]
    assert len(said) == 1
    assert "img-src" in said[0]
    assert "private" not in said[0]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"csp-report": []}', b"x" * 9000, b"[" * 8000, b"\xff"])
def test_what_is_no_report_is_refused(client: Client, body: bytes) -> None:
    assert send(client, body) == 400


def test_nobody_fills_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(reports.MOST_TOLD + 5):
        send(client, {"effective-directive": str(number)})
    assert len([record for record in caplog.records if record.name == reports.__name__]) == reports.MOST_TOLD


def test_the_headers_ask_for_nothing_that_is_not_used(client: Client, db: None) -> None:
    headers = client.get("/").headers
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
