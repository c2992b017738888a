"""Cookies that no page of ours has set."""

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings


@pytest.mark.django_db
def test_a_session_is_listed_and_can_be_ended_after_another_secret_key(ann: User, settings: Settings) -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        client.post("/accounts/login/", {"login": "ann", "password": "correct horse battery"})
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, [settings.SECRET_KEY]
    for client in (here, elsewhere):
        assert client.get("/mine/").status_code == 200  # and the session gets another key
    listed = set(UserSession.objects.values_list("session_key", flat=True))
    assert listed == {client.cookies["sessionid"].value for client in (here, elsewhere)}
    here.post("/accounts/sessions/")
    assert here.get("/mine/").status_code == 200
    assert elsewhere.get("/mine/").status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("key", [r'"\000aaaaaaaaaaaa"', "a" * 5000, "short", ""])
def test_a_session_that_cannot_be_is_nobody_s(key: str) -> None:
    visitor = Client(headers={"Cookie": f"sessionid={key}"})
    assert visitor.get("/posts/new/").headers["Location"].startswith("/accounts/login/")
