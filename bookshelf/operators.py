"""The site of the operators' pages: behind allauth's login, and asked for rows that there can be."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.utils.decorators import method_decorator

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class OperatorsSite(AdminSite):
    login = method_decorator(secure_admin_login)(AdminSite.login)

    def get_urls(self) -> list[Any]:
        from .pipeline import pipeline  # noqa: PLC0415 — this is loaded before the models are

        return [path("pipeline/", self.admin_view(pipeline), name="pipeline"), *super().get_urls()]

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            # Django would look for a row of any such key, and fail where the database knows no such number.
            if not all(is_key(value) for value in request.POST.getlist(ACTION_CHECKBOX_NAME)):
                raise BadRequest("Rows are chosen by their numbers.")
            return inner(request, *args, **kwargs)

        return cast("View", checked)


def is_key(value: str) -> bool:
    """Whether it is a primary key that a row of ours may have: 63 bits."""
    return value.isascii() and value.isdecimal() and len(value) < 20 and int(value) < 2**63
