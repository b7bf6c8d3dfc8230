"""At the root of the public host."""

from django.urls import include, path

from apps.accounts import views, views_handoff, views_impersonation
from apps.accounts.oidc import views as oidc
from apps.accounts.oidc import views_logout, views_tenant

urlpatterns = [
    path("accounts/", include("apps.accounts.urls")),
    path("open/<str:slug>/", views_handoff.open_workspace, name="open_workspace"),
    path("support/", views_impersonation.support, name="support"),
    path("signed-out/", views_handoff.signed_out, name="signed_out"),
    path("oidc/start/", oidc.start, name="oidc_start"),
    path("oidc/connect/", oidc.connect, name="oidc_connect"),
    path("oidc/<uuid:provider_id>/start/", views_tenant.start, name="oidc_tenant_start"),
    path("oidc/test/", views_tenant.test, name="oidc_test"),
    path("oidc/callback/", oidc.callback, name="oidc_callback"),
    path("oidc/link/", oidc.link, name="oidc_link"),
    path("oidc/identities/<uuid:identity_id>/disconnect/", oidc.disconnect, name="oidc_disconnect"),
    path("oidc/signed-out/", views_logout.signed_out, name="oidc_signed_out"),
    path("oidc/backchannel-logout/", views_logout.backchannel, name="oidc_backchannel_logout"),
    path(".well-known/jwks.json", views.jwks, name="jwks"),
]
