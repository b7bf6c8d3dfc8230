"""At the root of the public host."""

from django.urls import include, path

from apps.portal.views import (
    connections,
    invitation_accept,
    onboarding,
    own_data,
    profile,
    public,
    security,
    sessions,
    workspaces,
)

urlpatterns = [
    path("", public.home, name="home"),
    path("", include("apps.portal.urls_machines")),
    path("theme/", public.theme, name="theme"),
    path("workspaces/", workspaces.index, name="workspaces"),
    path("workspaces/new/", workspaces.create, name="workspace_new"),
    path("workspaces/new/slug/", workspaces.slug_check, name="workspace_slug"),
    path("workspaces/<uuid:tenant_id>/", workspaces.detail, name="workspace"),
    path("workspaces/<uuid:tenant_id>/join/", workspaces.join, name="workspace_join"),
    path("setup/<slug:slug>/<str:step>/", onboarding.public_go, name="setup"),
    path("profile/", profile.profile, name="profile"),
    path("account/connections/", connections.index, name="socialaccount_connections"),
    path(
        "account/connections/<slug:provider>/connect/", connections.connect, name="social_connect"
    ),
    path(
        "account/connections/<int:account_id>/disconnect/",
        connections.disconnect,
        name="social_disconnect",
    ),
    path("account/sessions/", sessions.index, name="sessions"),
    path("account/sessions/revoke-others/", sessions.revoke_others, name="sessions_revoke_others"),
    path(
        "account/sessions/<uuid:session_id>/revoke/",
        sessions.revoke,
        name="session_revoke",
    ),
    path("account/security/", security.security, name="security"),
    path("account/security/required/", security.required, name="second_factor_required"),
    path("account/security/app/", security.totp, name="totp"),
    path("account/security/passkeys/new/", security.passkey_new, name="passkey_new"),
    path(
        "account/security/passkeys/<int:factor_id>/rename/",
        security.passkey_rename,
        name="passkey_rename",
    ),
    path("account/security/factors/<int:factor_id>/remove/", security.remove, name="factor_remove"),
    path("account/security/recovery-codes/", security.recovery_codes, name="recovery_codes"),
    path(
        "account/security/recovery-codes/download/",
        security.recovery_codes_download,
        name="recovery_codes_download",
    ),
    path("profile/data/", own_data.index, name="own_data"),
    path("profile/data/download/", own_data.download, name="own_data_download"),
    path("profile/data/erase/", own_data.erase, name="own_data_erase"),
    path("goodbye/", own_data.erased, name="account_erased"),
    path("invitations/accept/", invitation_accept.accept, name="invitation_accept"),
]
