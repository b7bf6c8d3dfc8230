"""At the root of the public host."""

from django.urls import path

from apps.portal.views import invitation_accept, own_data, profile, public, workspaces

urlpatterns = [
    path("", public.home, name="home"),
    path("theme/", public.theme, name="theme"),
    path("workspaces/", workspaces.index, name="workspaces"),
    path("workspaces/new/", workspaces.create, name="workspace_new"),
    path("workspaces/new/slug/", workspaces.slug_check, name="workspace_slug"),
    path("workspaces/<uuid:tenant_id>/", workspaces.detail, name="workspace"),
    path("profile/", profile.profile, name="profile"),
    path(
        "profile/sign-ins/<uuid:session_id>/revoke/",
        profile.sign_in_revoke,
        name="sign_in_revoke",
    ),
    path("profile/data/", own_data.index, name="own_data"),
    path("profile/data/download/", own_data.download, name="own_data_download"),
    path("profile/data/erase/", own_data.erase, name="own_data_erase"),
    path("goodbye/", own_data.erased, name="account_erased"),
    path("invitations/accept/", invitation_accept.accept, name="invitation_accept"),
]
