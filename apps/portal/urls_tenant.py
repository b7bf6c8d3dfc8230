"""At the root of a tenant's host."""

from django.urls import path

from apps.portal.views import (
    addresses,
    api_keys,
    dashboard,
    email_domains,
    exports,
    files,
    invitation_import,
    invitations,
    join_requests,
    members,
    organizations,
    provisioning,
    public,
    sign_in_policy,
    workspace,
)

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("theme/", public.theme, name="theme"),
    path("switcher/", dashboard.switcher, name="switcher"),
    path("palette.json", dashboard.palette, name="palette"),
    path("members/", members.index, name="members"),
    path("members/<uuid:member_id>/", members.detail, name="member"),
    path("members/<uuid:member_id>/roles/new/", members.role_give, name="member_role_give"),
    path(
        "members/<uuid:member_id>/roles/<uuid:binding_id>/take/",
        members.role_take,
        name="member_role_take",
    ),
    path("members/<uuid:member_id>/move/", members.move, name="member_move"),
    path("members/<uuid:member_id>/status/", members.set_status, name="member_status"),
    path("members/<uuid:member_id>/remove/", members.remove, name="member_remove"),
    path("invitations/", invitations.index, name="invitations"),
    path("invitations/new/", invitations.create, name="invite"),
    path("invitations/<uuid:invitation_id>/resend/", invitations.resend, name="invitation_resend"),
    path("invitations/<uuid:invitation_id>/revoke/", invitations.revoke, name="invitation_revoke"),
    path("invitations/import/", invitation_import.upload, name="invitation_import"),
    path(
        "invitations/import/confirm/", invitation_import.confirm, name="invitation_import_confirm"
    ),
    path(
        "invitations/import/template.csv",
        invitation_import.template,
        name="invitation_import_template",
    ),
    path("invitations/requests/", join_requests.index, name="join_requests"),
    path(
        "invitations/requests/<uuid:join_request_id>/approve/",
        join_requests.approve,
        name="join_request_approve",
    ),
    path(
        "invitations/requests/<uuid:join_request_id>/decline/",
        join_requests.decline,
        name="join_request_decline",
    ),
    path("organizations/", organizations.index, name="organizations"),
    path("organizations/new/", organizations.create, name="organization_new"),
    path("organizations/<uuid:organization_id>/", organizations.detail, name="organization"),
    path(
        "organizations/<uuid:organization_id>/move/",
        organizations.move,
        name="organization_move",
    ),
    path(
        "organizations/<uuid:organization_id>/delete/",
        organizations.delete,
        name="organization_delete",
    ),
    path("api-keys/", api_keys.index, name="api_keys"),
    path("api-keys/new/", api_keys.create, name="api_key_new"),
    path("api-keys/<uuid:api_key_id>/", api_keys.detail, name="api_key"),
    path("api-keys/<uuid:api_key_id>/change/", api_keys.change, name="api_key_change"),
    path("api-keys/<uuid:api_key_id>/rotate/", api_keys.rotate, name="api_key_rotate"),
    path("api-keys/<uuid:api_key_id>/revoke/", api_keys.revoke, name="api_key_revoke"),
    path("roles/", workspace.roles, name="roles"),
    path("settings/", workspace.settings, name="settings"),
    path("settings/export/", exports.exports, name="exports"),
    path("settings/sign-in/", sign_in_policy.index, name="sign_in_policy"),
    path(
        "settings/sign-in/second-factor/",
        sign_in_policy.second_factor,
        name="sign_in_policy_second_factor",
    ),
    path("files/<str:token>/", files.download, name="file"),
    path("settings/addresses/", addresses.index, name="addresses"),
    path("settings/addresses/change/", addresses.change, name="address_change"),
    path("settings/addresses/change/slug/", addresses.slug, name="address_slug"),
    path("settings/addresses/<uuid:domain_id>/", addresses.detail, name="address"),
    path("settings/addresses/<uuid:domain_id>/check/", addresses.check, name="address_check"),
    path(
        "settings/addresses/<uuid:domain_id>/primary/",
        addresses.make_primary,
        name="address_make_primary",
    ),
    path("settings/addresses/<uuid:domain_id>/remove/", addresses.remove, name="address_remove"),
    path("settings/provisioning/", provisioning.index, name="provisioning"),
    path(
        "settings/provisioning/tokens/<uuid:scim_token_id>/revoke/",
        provisioning.revoke,
        name="scim_token_revoke",
    ),
    path("settings/provisioning/groups/", provisioning.groups, name="provisioning_groups"),
    path(
        "settings/provisioning/groups/<uuid:group_id>/",
        provisioning.group,
        name="provisioning_group",
    ),
    path("settings/email-domains/", email_domains.index, name="email_domains"),
    path(
        "settings/email-domains/<uuid:email_domain_id>/", email_domains.detail, name="email_domain"
    ),
    path(
        "settings/email-domains/<uuid:email_domain_id>/check/",
        email_domains.check,
        name="email_domain_check",
    ),
    path(
        "settings/email-domains/<uuid:email_domain_id>/join-mode/",
        email_domains.join_mode,
        name="email_domain_join_mode",
    ),
    path(
        "settings/email-domains/<uuid:email_domain_id>/remove/",
        email_domains.remove,
        name="email_domain_remove",
    ),
]
