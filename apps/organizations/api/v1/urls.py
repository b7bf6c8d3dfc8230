from django.urls import path

from apps.organizations.api.v1 import (
    views_access,
    views_invitations,
    views_members,
    views_organizations,
    views_own_data,
)

urlpatterns = [
    path(
        "organizations/", views_organizations.OrganizationsView.as_view(), name="api_organizations"
    ),
    path(
        "organizations/<uuid:organization_id>/",
        views_organizations.OrganizationView.as_view(),
        name="api_organization",
    ),
    path(
        "organizations/<uuid:organization_id>/move/",
        views_organizations.OrganizationMoveView.as_view(),
        name="api_organization_move",
    ),
    path("members/", views_members.MembersView.as_view(), name="api_members"),
    path("members/<uuid:member_id>/", views_members.MemberView.as_view(), name="api_member"),
    path("invitations/", views_invitations.InvitationsView.as_view(), name="api_invitations"),
    path(
        "invitations/accept/",
        views_invitations.InvitationAcceptView.as_view(),
        name="api_invitation_accept",
    ),
    path(
        "invitations/<uuid:invitation_id>/",
        views_invitations.InvitationView.as_view(),
        name="api_invitation",
    ),
    path(
        "invitations/<uuid:invitation_id>/resend/",
        views_invitations.InvitationResendView.as_view(),
        name="api_invitation_resend",
    ),
    path(
        "invitations/<uuid:invitation_id>/revoke/",
        views_invitations.InvitationRevokeView.as_view(),
        name="api_invitation_revoke",
    ),
    path("me/data/", views_own_data.OwnDataView.as_view(), name="api_me_data"),
    path("me/erasure/", views_own_data.OwnErasureView.as_view(), name="api_me_erasure"),
    path("role-bindings/", views_access.RoleBindingsView.as_view(), name="api_role_bindings"),
    path(
        "role-bindings/<uuid:binding_id>/",
        views_access.RoleBindingView.as_view(),
        name="api_role_binding",
    ),
    path("access/explain/", views_access.ExplainView.as_view(), name="api_access_explain"),
]
