"""The site's addresses, and an empty page in the frame of all pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from bookshelf.urls import handler400, handler403, handler404
from bookshelf.urls import urlpatterns as of_the_site
from updater.middleware import cursor_exempt

__all__ = ["handler400", "handler403", "handler404", "urlpatterns"]


def empty(request: HttpRequest) -> HttpResponse:
    return render(request, "base.html")


def without_cursor(request: HttpRequest) -> HttpResponse:
    """The same, and no database is asked."""
    return render(request, "base.html")


urlpatterns = [
    path("empty/", empty),
    path("empty/without-cursor/", cursor_exempt(without_cursor)),
    *of_the_site,
]
