from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from posts.views import cover
from updater.middleware import cursor_exempt

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    path("covers/<slug:name>.webp", cursor_exempt(cover), name="cover"),
    path("updates/", include("updater.urls")),
    path("", include("posts.urls")),
]
