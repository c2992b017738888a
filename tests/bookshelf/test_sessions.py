"""Cookies that no page of ours has set."""

import pytest
from django.test import Client


@pytest.mark.django_db
@pytest.mark.parametrize("key", [r'"\000aaaaaaaaaaaa"', "a" * 5000, "short", ""])
def test_a_session_that_cannot_be_is_nobody_s(key: str) -> None:
    visitor = Client(headers={"Cookie": f"sessionid={key}"})
    assert visitor.get("/posts/new/").headers["Location"].startswith("/accounts/login/")
