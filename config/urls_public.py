"""URLs of the platform's public site."""

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path, re_path

from apps.console.site import site as console
from apps.organizations.scim.base import UnknownView

handler400 = "apps.portal.views.errors.bad_request"
handler403 = "apps.portal.views.errors.permission_denied"
handler404 = "apps.portal.views.errors.not_found"
handler429 = "apps.portal.views.errors.too_many_requests"  # allauth looks for it
handler500 = "apps.portal.views.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    # First what is asked for most: they are tried one after the other.
    path("", include("apps.api.urls")),
    path("", include("apps.portal.urls_public")),
    path("", include("apps.accounts.urls_public")),
    path("", include("apps.realtime.urls")),
    path("", include("apps.billing.urls_public")),
    path("", include("apps.messaging.urls_public")),
    re_path(r"^scim/", UnknownView.as_view()),
    path("console/", console.urls),
]

if apps.is_installed("apps.sandbox"):
    urlpatterns.append(path("sandbox/", include("apps.sandbox.urls")))
