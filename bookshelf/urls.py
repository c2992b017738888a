from allauth.mfa.totp.views import activate_totp
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView
from django.views.i18n import set_language

from bookshelf.reports import policy_report
from posts.state import post_state
from posts.views import cover
from updater.middleware import cursor_exempt

# A site that sends no mail says so, in the place of pages that would promise one.
without_mail = (
    []
    if settings.EMAIL
    else [
        path(f"accounts/{page}/", TemplateView.as_view(template_name="account/no_mail.html"))
        for page in ("password/reset", "email", "confirm-email")
    ]
)
urlpatterns = [
    *without_mail,
    # Its picture of the secret stands in the page itself, where no other picture may.
    path("accounts/2fa/totp/activate/", csp_update({"img-src": ["data:"]})(activate_totp)),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    re_path(r"^covers/(?P<name>[0-9a-f]{40})\.webp$", cursor_exempt(cover), name="cover"),
    path("posts/state/", cursor_exempt(post_state), name="state"),
    # Without a token, which would be another one on each copy of a page: to be shown another language harms nobody.
    path("reports/policy/", policy_report),
    path("language/", cursor_exempt(csrf_exempt(set_language)), name="language"),
    path("updates/", include("updater.urls")),
    path("", include("posts.urls")),
]

handler400 = "bookshelf.errors.bad_request"
handler403 = "bookshelf.errors.permission_denied"
handler404 = "bookshelf.errors.page_not_found"
