"""A tenant's host, a page that says who asks, and one that wants a person."""

from django.contrib.auth.decorators import login_required
from django.urls import include, path

from config.urls_tenant import handler404, handler500  # noqa: F401
from config.urls_tenant import urlpatterns as platform
from tests.accounts.urls_public import who

urlpatterns = [
    path("who/", who),
    path("closed/", login_required(who)),
    path("api/v1/", include("apps.accounts.api.v1.urls")),
    *platform,
]
