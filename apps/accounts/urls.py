"""Pages of sign-up and sign-in, on the public host. Names and paths are allauth's."""

from allauth.account import views as allauth_views
from django.contrib.auth.decorators import login_required
from django.urls import path, re_path

from apps.accounts import views, views_mfa, views_social

urlpatterns = [
    path("signup/", views.SignupView.as_view(), name="account_signup"),
    path("login/", views.LoginView.as_view(), name="account_login"),
    path("logout/", views.LogoutView.as_view(), name="account_logout"),
    path(
        "social/google/callback/",
        views_social.social_callback,
        {"provider": "google"},
        name="google_callback",
    ),
    path(
        "social/github/callback/",
        views_social.social_callback,
        {"provider": "github"},
        name="github_callback",
    ),
    path("social/<slug:provider>/", views_social.social_login, name="social_login"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("mfa/authenticate/", views_mfa.AuthenticateView.as_view(), name="mfa_authenticate"),
    path("passkey/", views_mfa.PasskeyLoginView.as_view(), name="mfa_login_webauthn"),
    path("reauthenticate/code/", views_mfa.ReauthenticateView.as_view(), name="mfa_reauthenticate"),
    path(
        "reauthenticate/passkey/",
        views_mfa.ReauthenticatePasskeyView.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "reauthenticate/",
        login_required(views_social.ReauthenticateView.as_view()),
        name="account_reauthenticate",
    ),
    path(
        "confirm-email/",
        views.EmailVerificationSentView.as_view(),
        name="account_email_verification_sent",
    ),
    path("confirm-email/resend/", views.resend_verification, name="account_resend_verification"),
    re_path(
        r"^confirm-email/(?P<key>[-:\w]+)/$",
        views.ConfirmEmailView.as_view(),
        name="account_confirm_email",
    ),
    path("password/change/", views.PasswordChangeView.as_view(), name="account_change_password"),
    path("password/reset/", views.PasswordResetView.as_view(), name="account_reset_password"),
    path(
        "password/reset/done/",
        allauth_views.password_reset_done,
        name="account_reset_password_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/\s]+)/$",
        views.PasswordResetFromKeyView.as_view(),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]
