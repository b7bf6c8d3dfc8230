"""The public host, and a page that says who asks."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from config.urls_public import handler404, handler500  # noqa: F401
from config.urls_public import urlpatterns as platform


def who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user))


urlpatterns = [
    path("who/", who),
    path("api/v1/", include("apps.accounts.api.v1.urls")),
    *platform,
]
