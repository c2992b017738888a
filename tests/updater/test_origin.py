import pytest
from pytest_django import Settings

from updater.origin import origin_allowed


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://localhost:8000", "localhost:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://localhost", "localhost"),
        ("http://localhost:80", "localhost"),
        ("https://localhost", "localhost"),
    ],
)
def test_a_page_of_this_host_may(origin: str, host: str) -> None:
    assert origin_allowed(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("", "localhost"),
        ("null", "localhost"),
        ("localhost", "localhost"),
        ("ws://localhost", "localhost"),
        ("http://localhost:8001", "localhost:8000"),
        ("http://localhost.evil.example", "localhost"),
        ("http://evil.example", "localhost"),
        ("http://evil.example", "evil.example"),
        ("http://localhost@evil.example", "localhost"),
        ("http://evil.example@localhost", "localhost"),
        ("http://localhost/", "localhost"),
        ("http://localhost:x", "localhost"),
        ("http://[::1", "localhost"),
        ("http://localhost", ""),
        ("http://localhost", "localhost:8000"),
        ("http://localhost:99999", "localhost:99999"),
    ],
)
def test_any_other_may_not(origin: str, host: str) -> None:
    assert not origin_allowed(origin, host)


def test_the_site_s_own_address_and_trusted_ones_may(settings: Settings) -> None:
    settings.SITE_URL = "https://books.example"
    settings.CSRF_TRUSTED_ORIGINS = ["https://other.example:8443", "https://*.friends.example"]
    assert origin_allowed("https://books.example", "internal:8000")
    assert origin_allowed("https://other.example:8443", "internal:8000")
    assert origin_allowed("https://a.friends.example", "internal:8000")
    assert not origin_allowed("http://books.example", "internal:8000")
    assert not origin_allowed("https://other.example", "internal:8000")
    assert not origin_allowed("https://friends.example", "internal:8000")
    assert not origin_allowed("https://a.friends.example.evil.example", "internal:8000")
