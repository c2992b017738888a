"""What this site asks of allauth beyond its settings."""

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    def is_safe_url(self, url: str | None) -> bool:
        """Whether a `next` leads to this site. One that is no address at all does not."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False
