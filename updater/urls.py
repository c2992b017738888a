from django.urls import path

from .views import updates

app_name = "updater"
urlpatterns = [path("", updates, name="updates")]
