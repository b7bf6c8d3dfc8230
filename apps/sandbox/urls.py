from django.urls import path

from apps.sandbox import views, views_dns
from apps.sandbox.oidc import views as oidc
from apps.sandbox.oidc import views_pages as oidc_pages

urlpatterns = [
    path("inbox/", views.inbox, name="sandbox_inbox"),
    path("inbox/<uuid:email_id>/", views.email, name="sandbox_email"),
    path("inbox/<uuid:email_id>/html/", views.email_html, name="sandbox_email_html"),
    path("dns/", views_dns.records, name="sandbox_dns"),
    path("dns/<uuid:record_id>/remove/", views_dns.remove, name="sandbox_dns_remove"),
    path("oidc/", oidc_pages.providers, name="sandbox_oidc"),
    path("oidc/<slug:slug>/misbehave/", oidc_pages.misbehave, name="sandbox_oidc_misbehave"),
    path("oidc/<slug:slug>/rotate/", oidc_pages.rotate, name="sandbox_oidc_rotate"),
    path("oidc/<slug:slug>/sign-out/", oidc_pages.sign_out, name="sandbox_oidc_sign_out"),
    path(
        "oidc/<slug:slug>/.well-known/openid-configuration",
        oidc.discovery,
        name="sandbox_oidc_discovery",
    ),
    path("oidc/<slug:slug>/authorize/", oidc.authorize, name="sandbox_oidc_authorize"),
    path("oidc/<slug:slug>/token/", oidc.token, name="sandbox_oidc_token"),
    path("oidc/<slug:slug>/userinfo/", oidc.userinfo, name="sandbox_oidc_userinfo"),
    path("oidc/<slug:slug>/jwks/", oidc.jwks, name="sandbox_oidc_jwks"),
    path("oidc/<slug:slug>/end-session/", oidc.end_session, name="sandbox_oidc_end_session"),
]
