"""Logging in by an account elsewhere, at a provider on loopback that speaks OpenID Connect."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from bookshelf import environment

pytestmark = pytest.mark.django_db

LOGIN, CALLBACK = "/accounts/oidc/oidc/login/", "/accounts/oidc/oidc/login/callback/"


class Provider:
    """Says of everybody who comes with a code that they are `person`."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"sub": "7", "preferred_username": "zoe", "email": "zoe@office.example"}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.say(provider.configuration() if "well-known" in self.path else provider.person)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.say({"access_token": "a", "token_type": "Bearer", "id_token": provider.id_token()})

            def say(self, value: dict[str, Any]) -> None:
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — its name over there
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever).start()

    def configuration(self) -> dict[str, Any]:
        names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
        return {"issuer": self.url, **{name: f"{self.url}/{name}" for name in names}}

    def id_token(self) -> str:
        times = {"iat": int(time.time()), "exp": int(time.time()) + 60}
        return jwt.encode({"iss": self.url, "aud": "client", **times, **self.person}, "k" * 32)


@pytest.fixture
def provider(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    provider = Provider()
    monkeypatch.setenv("OIDC_LOGIN", provider.url.replace("//", "//client:secret@") + "?name=Our+office")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    settings.LOGINS = environment.logins()
    settings.SOCIALACCOUNT_PROVIDERS = {login.provider: {"APPS": [login.app]} for login in settings.LOGINS}
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


def come_back(client: Client) -> Any:
    """From the provider, with a code, as a browser would."""
    there = client.post(LOGIN).headers["Location"]
    return client.get(CALLBACK, {"code": "c", "state": parse_qs(urlsplit(there).query)["state"][0]})


def test_the_way_there_is_on_the_page_and_asks_first(client: Client, provider: Provider) -> None:
    assert ">Our office</a>" in client.get("/accounts/login/").content.decode()
    assert "Our office" in client.get(LOGIN).content.decode()
    assert client.post(LOGIN).headers["Location"].startswith(f"{provider.url}/authorization_endpoint?client_id=client&")


def test_who_comes_back_is_logged_in_and_the_next_time_the_same(client: Client, provider: Provider) -> None:
    assert come_back(client).headers["Location"] == "/"
    assert User.objects.get().username == "zoe"
    assert client.get("/mine/").status_code == 200
    other = Client()
    provider.person["preferred_username"] = "renamed"
    come_back(other)
    assert other.get("/mine/").status_code == 200
    assert User.objects.count() == 1


def test_nobody_gets_another_s_account_by_its_name_or_address(client: Client, provider: Provider, ann: User) -> None:
    provider.person |= {"preferred_username": "ann", "email": ann.email, "email_verified": True}
    come_back(client)
    assert client.get("/mine/").status_code == 302 or client.get("/mine/").context["user"] != ann


def test_a_way_back_that_nobody_has_begun_leads_nowhere(client: Client, provider: Provider) -> None:
    client.get(CALLBACK, {"code": "c", "state": "guessed"})
    assert client.get("/mine/").status_code == 302
    assert not User.objects.exists()


def test_without_a_provider_nothing_of_it_is_shown(client: Client, ann: User) -> None:
    assert "third" not in client.get("/accounts/login/").content.decode().lower()
    client.force_login(ann)
    assert "/accounts/3rdparty/" not in client.get("/").content.decode()
    assert client.post(LOGIN).status_code == 404
    for name in ("github", "google"):
        assert client.post(f"/accounts/{name}/login/").status_code == 404


def test_each_is_read_from_its_variable_with_where_its_form_may_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_LOGIN", "a:b")
    monkeypatch.setenv("GOOGLE_LOGIN", "c:d:e")
    monkeypatch.setenv("OIDC_LOGIN", "https://f:g%2F@id.example:8443/realms/books?also=https://login.example")
    github, google, oidc = environment.logins()
    assert (github.app, github.origins) == ({"client_id": "a", "secret": "b"}, ["https://github.com"])
    assert (google.app["secret"], google.origins) == ("d:e", ["https://accounts.google.com"])
    assert oidc.app["settings"] == {"server_url": "https://id.example:8443/realms/books"}
    assert (oidc.app["secret"], oidc.app["name"]) == ("g/", "id.example")
    assert oidc.origins == ["https://id.example:8443", "https://login.example"]
