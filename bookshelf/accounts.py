"""What this site asks of allauth beyond its settings."""

from allauth.account import forms
from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.validators import MaxLengthValidator, RegexValidator
from django.utils.translation import gettext_lazy as _

username_validators = [
    UnicodeUsernameValidator(),
    MaxLengthValidator(30),
    RegexValidator(r"\w", _("A username has at least one letter or digit.")),
]


class AccountAdapter(DefaultAccountAdapter):
    def is_safe_url(self, url: str | None) -> bool:
        """Whether a `next` leads to this site. One that is no address at all does not."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False


class LoginForm(forms.LoginForm):
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Username or email")
        self.fields["login"].widget.attrs["autocomplete"] = "username"
