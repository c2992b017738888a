"""What the site mails: text that says all, and beside it the same in the site's look and the reader's language."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


def letter_of(mail: Any) -> str:
    assert isinstance(mail, EmailMultiAlternatives)
    ((content, kind),) = mail.alternatives
    assert kind == "text/html"
    return str(content)


@pytest.fixture
def sign_up(client: Client, settings: Settings) -> Callable[..., None]:
    """As on a site that sends mail."""
    settings.ACCOUNT_EMAIL_VERIFICATION, settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = "mandatory", True

    def send(email: str, language: str = "en") -> None:
        sent = {"username": "eve", "email": email, "password1": "correct horse battery"}
        client.post("/accounts/signup/", sent, headers={"accept-language": language})

    return send


@pytest.mark.parametrize(
    ("language", "subject", "said"),
    [
        ("en", "BookShelf: Account Already Exists", "tried to signup"),
        ("de", "BookShelf: Konto existiert bereits", "anzumelden mit"),
    ],
)
def test_a_mail_says_all_as_text_and_once_more_in_the_site_s_look(
    sign_up: Callable[..., None], ann: User, mailoutbox: list[Any], language: str, subject: str, said: str
) -> None:
    sign_up(ann.email, language)
    (mail,) = mailoutbox
    text, letter = mail.body, letter_of(mail)
    assert mail.subject == subject
    assert mail.from_email == "BookShelf <bookshelf@127.0.0.1>"
    assert said in text
    assert said in letter
    assert text.endswith("\n-- \nBookShelf · http://127.0.0.1:8000")
    link = re.search(r"http://\S+/accounts/password/reset/", text)
    assert link
    assert f'<a href="{link[0]}"' in letter
    assert f'<html lang="{language}">' in letter
    assert "src=" not in letter  # nothing tells that it was read


def test_a_code_stands_out(sign_up: Callable[..., None], mailoutbox: list[Any]) -> None:
    sign_up("eve@example.org")
    (mail,) = mailoutbox
    (code,) = re.findall(r"^\S+$", mail.body.partition("\n-- \n")[0], re.MULTILINE)
    assert len(re.findall(rf'<p class="code"[^>]*>{code}</p>', letter_of(mail))) == 1
