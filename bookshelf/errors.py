"""The pages for a visitor's mistakes. They read neither what was posted nor who is logged in.

Django makes them in threads of their own, whose database connections nobody closes or mends: each would stay open for
good, and once the database has been restarted every page about a mistake would be one about ours. And its own pages
look for a token in what was posted; where that cannot be read, they fail over it.
"""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("400.html"), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("403.html"), status=403)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(render_to_string("404.html"), status=404)
