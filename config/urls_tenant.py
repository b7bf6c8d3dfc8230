"""URLs of a tenant's site."""

from django.urls import URLPattern, URLResolver, include, path

handler400 = "apps.portal.views.errors.bad_request"
handler403 = "apps.portal.views.errors.permission_denied"
handler404 = "apps.portal.views.errors.not_found"
handler429 = "apps.portal.views.errors.too_many_requests"
handler500 = "apps.portal.views.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    # First what is asked for most: they are tried one after the other.
    path("", include("apps.api.urls")),
    path("", include("apps.portal.urls_tenant")),
    path("", include("apps.accounts.urls_tenant")),
    path("", include("apps.realtime.urls")),
    path("", include("apps.organizations.scim.urls")),
]
