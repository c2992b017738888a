"""What this site asks of allauth beyond its settings."""

import re
from typing import Any

from allauth.account import forms
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.validators import MaxLengthValidator, RegexValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from posts.moderation import why_suspended

SIGNATURE = "\n-- \n"  # as mail programs know it (RFC 3676, 4.3)

username_validators = [
    UnicodeUsernameValidator(),
    MaxLengthValidator(30),
    RegexValidator(r"\w", _("A username has at least one letter or digit.")),
]


def logins(request: HttpRequest) -> dict[str, Any]:
    """For every template: where else one may log in, and whether the site sends mail."""
    return {"logins": settings.LOGINS, "sends_mail": bool(settings.EMAIL)}


class AccountAdapter(DefaultAccountAdapter):
    def is_safe_url(self, url: str | None) -> bool:
        """Whether a `next` leads to this site. One that is no address at all does not."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """For somebody who knows the password of an account that is shut."""
        reason = why_suspended(user) if isinstance(user, User) else ""
        return render(request, "account/account_inactive.html", {"reason": reason})

    def format_email_subject(self, subject: str) -> str:
        return f"BookShelf: {subject}"

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """The mail as text, and beside it the same in the site's look."""
        context = {**context, "site_url": settings.SITE_URL}
        mail: EmailMultiAlternatives = super().render_mail(template_prefix, email, context, headers)
        text = mail.body.rpartition(SIGNATURE)[0]
        paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text)]
        letter = {**context, "subject": mail.subject, "paragraphs": paragraphs}
        mail.attach_alternative(render_to_string("account/email/letter.html", letter), "text/html")
        return mail


class LoginForm(forms.LoginForm):
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Username or email")
        self.fields["login"].widget.attrs["autocomplete"] = "username"
