"""Pages about a visitor's mistakes are no mistakes of ours, whatever was posted and whatever the database does."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

ADDRESSES = [("/nothing/", "localhost", 404), ("/", "evil.example", 400), ("/accounts/nothing/", "localhost", 404)]


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "host", "status"), ADDRESSES)
def test_they_ask_no_database(
    client: Client,
    ann: User,
    django_assert_num_queries: DjangoAssertNumQueries,
    address: str,
    host: str,
    status: int,
) -> None:
    client.force_login(ann)
    with django_assert_num_queries(0):
        assert client.get(address, headers={"host": host}).status_code == status


@pytest.mark.parametrize(("address", "host", "status"), ADDRESSES)
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"--x", "multipart/form-data; boundary=" + "x" * 300),
        (b"--x\r\n" + b"A: b\r\n" * 9999, "multipart/form-data; boundary=x"),
        (b"&".join(b"a=%d" % number for number in range(999)), "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 2_000_000, "application/x-www-form-urlencoded"),
    ],
)
def test_they_do_not_read_what_was_posted(address: str, host: str, status: int, body: bytes, kind: str) -> None:
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post(address, body, content_type=kind, headers={"host": host}).status_code == status
