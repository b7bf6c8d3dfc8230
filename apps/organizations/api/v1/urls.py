from django.urls import path

from apps.organizations.api.v1 import (
    views_access,
    views_api_usage,
    views_bulk,
    views_groups,
    views_invitations,
    views_joining,
    views_members,
    views_organizations,
    views_own_data,
    views_provider_groups,
    views_provisioning,
    views_settings,
    views_tree,
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
    path(
        "organizations/<uuid:organization_id>/reorder/",
        views_tree.OrganizationReorderView.as_view(),
        name="api_organization_reorder",
    ),
    path(
        "organizations/<uuid:organization_id>/archive/",
        views_tree.OrganizationArchiveView.as_view(),
        name="api_organization_archive",
    ),
    path(
        "organizations/<uuid:organization_id>/restore/",
        views_tree.OrganizationRestoreView.as_view(),
        name="api_organization_restore",
    ),
    path(
        "organizations/<uuid:organization_id>/settings/",
        views_settings.OrganizationSettingsView.as_view(),
        name="api_organization_settings",
    ),
    path(
        "organizations/<uuid:organization_id>/settings/<str:code>/",
        views_settings.OrganizationSettingView.as_view(),
        name="api_organization_setting",
    ),
    path(
        "organizations/export/",
        views_tree.OrganizationsExportView.as_view(),
        name="api_organizations_export",
    ),
    path(
        "organizations/import/",
        views_tree.OrganizationsImportView.as_view(),
        name="api_organizations_import",
    ),
    path("members/", views_members.MembersView.as_view(), name="api_members"),
    path("members/bulk/", views_bulk.MembersBulkView.as_view(), name="api_members_bulk"),
    path("members/<uuid:member_id>/", views_members.MemberView.as_view(), name="api_member"),
    path(
        "members/<uuid:member_id>/organizations/<uuid:organization_id>/",
        views_members.MemberOrganizationView.as_view(),
        name="api_member_organization",
    ),
    path(
        "members/<uuid:member_id>/offboard/",
        views_members.MemberOffboardView.as_view(),
        name="api_member_offboard",
    ),
    path("invitations/", views_invitations.InvitationsView.as_view(), name="api_invitations"),
    path(
        "invitations/accept/",
        views_invitations.InvitationAcceptView.as_view(),
        name="api_invitation_accept",
    ),
    path(
        "invitations/bulk/",
        views_bulk.InvitationsBulkView.as_view(),
        name="api_invitations_bulk",
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
    path(
        "me/joinable-tenants/",
        views_joining.JoinableTenantsView.as_view(),
        name="api_me_joinable_tenants",
    ),
    path(
        "tenants/<uuid:tenant_id>/join/",
        views_joining.TenantJoinView.as_view(),
        name="api_tenant_join",
    ),
    path("join-requests/", views_joining.JoinRequestsView.as_view(), name="api_join_requests"),
    path(
        "join-requests/<uuid:join_request_id>/",
        views_joining.JoinRequestView.as_view(),
        name="api_join_request",
    ),
    path(
        "join-requests/<uuid:join_request_id>/approve/",
        views_joining.JoinRequestApproveView.as_view(),
        name="api_join_request_approve",
    ),
    path(
        "join-requests/<uuid:join_request_id>/decline/",
        views_joining.JoinRequestDeclineView.as_view(),
        name="api_join_request_decline",
    ),
    path("me/data/", views_own_data.OwnDataView.as_view(), name="api_me_data"),
    path("me/erasure/", views_own_data.OwnErasureView.as_view(), name="api_me_erasure"),
    path("role-bindings/", views_access.RoleBindingsView.as_view(), name="api_role_bindings"),
    path(
        "role-bindings/<uuid:binding_id>/",
        views_access.RoleBindingView.as_view(),
        name="api_role_binding",
    ),
    path("scim-tokens/", views_provisioning.ScimTokensView.as_view(), name="api_scim_tokens"),
    path(
        "scim-tokens/<uuid:scim_token_id>/",
        views_provisioning.ScimTokenView.as_view(),
        name="api_scim_token",
    ),
    path("groups/", views_groups.GroupsView.as_view(), name="api_groups"),
    path("groups/<uuid:group_id>/", views_groups.GroupView.as_view(), name="api_group"),
    path(
        "groups/<uuid:group_id>/members/",
        views_groups.GroupMembersView.as_view(),
        name="api_group_members",
    ),
    path(
        "groups/<uuid:group_id>/members/<uuid:member_id>/",
        views_groups.GroupMemberView.as_view(),
        name="api_group_member",
    ),
    path(
        "members/<uuid:member_id>/access/",
        views_access.MemberAccessView.as_view(),
        name="api_member_access",
    ),
    path(
        "roles/<uuid:role_id>/retire/",
        views_access.RoleRetireView.as_view(),
        name="api_role_retire",
    ),
    path("access/explain/", views_access.ExplainView.as_view(), name="api_access_explain"),
    path("tenant/api-usage/", views_api_usage.ApiUsageView.as_view(), name="api_usage"),
    path(
        "tenant/identity-provider/group-roles/",
        views_provider_groups.ProviderGroupRolesView.as_view(),
        name="api_provider_group_roles",
    ),
    path(
        "tenant/identity-provider/group-roles/<uuid:group_role_id>/",
        views_provider_groups.ProviderGroupRoleView.as_view(),
        name="api_provider_group_role",
    ),
]
