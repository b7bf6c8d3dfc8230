"""Under `/api/v1/`, on every host."""

from django.urls import path

from apps.accounts.api.v1 import (
    views,
    views_email_domains,
    views_identity_provider,
    views_me,
    views_mfa,
    views_policy,
)

urlpatterns = [
    path("auth/token/", views.TokenView.as_view(), name="api_auth_token"),
    path("auth/token/refresh/", views.TokenRefreshView.as_view(), name="api_auth_token_refresh"),
    path("auth/token/revoke/", views.TokenRevokeView.as_view(), name="api_auth_token_revoke"),
    path("auth/signup/", views.SignupView.as_view(), name="api_auth_signup"),
    path("auth/password-reset/", views.PasswordResetView.as_view(), name="api_auth_password_reset"),
    path("auth/sessions/", views_me.SessionsView.as_view(), name="api_auth_sessions"),
    path(
        "auth/sessions/revoke-others/",
        views_me.SessionsRevokeOthersView.as_view(),
        name="api_auth_sessions_revoke_others",
    ),
    path(
        "auth/sessions/<uuid:session_id>/",
        views_me.SessionView.as_view(),
        name="api_auth_session",
    ),
    path("auth/reauthenticate/", views_mfa.ReauthenticateView.as_view(), name="api_reauthenticate"),
    path("auth/mfa/", views_mfa.FactorsView.as_view(), name="api_mfa"),
    path("auth/mfa/totp/", views_mfa.TotpView.as_view(), name="api_mfa_totp"),
    path(
        "auth/mfa/totp/confirm/", views_mfa.TotpConfirmView.as_view(), name="api_mfa_totp_confirm"
    ),
    path(
        "auth/mfa/recovery-codes/",
        views_mfa.RecoveryCodesView.as_view(),
        name="api_mfa_recovery_codes",
    ),
    path("me/", views_me.MeView.as_view(), name="api_me"),
    path("me/tenants/", views_me.MyTenantsView.as_view(), name="api_me_tenants"),
    path(
        "tenant/sign-in-policy/",
        views_policy.SignInPolicyView.as_view(),
        name="api_sign_in_policy",
    ),
    path(
        "tenant/email-domains/",
        views_email_domains.EmailDomainsView.as_view(),
        name="api_email_domains",
    ),
    path(
        "tenant/email-domains/<uuid:email_domain_id>/",
        views_email_domains.EmailDomainView.as_view(),
        name="api_email_domain",
    ),
    path(
        "tenant/email-domains/<uuid:email_domain_id>/check/",
        views_email_domains.EmailDomainCheckView.as_view(),
        name="api_email_domain_check",
    ),
    path(
        "tenant/identity-provider/",
        views_identity_provider.IdentityProviderView.as_view(),
        name="api_identity_provider",
    ),
]
