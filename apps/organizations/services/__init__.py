"""Writes on a tenant's organizations, members, role bindings and invitations."""

from apps.organizations.services.binding_times import bindings_tell
from apps.organizations.services.bindings import binding_create, binding_delete, binding_end
from apps.organizations.services.directory_data import DirectoryUserData
from apps.organizations.services.directory_users import (
    directory_link,
    directory_user_change,
    directory_user_create,
    directory_user_delete,
)
from apps.organizations.services.erasure import owned_alone, person_erase
from apps.organizations.services.groups import (
    GroupData,
    group_change,
    group_create,
    group_delete,
    group_map,
)
from apps.organizations.services.invitations import (
    invitation_accept,
    invitation_create,
    invitation_open,
    invitation_resend,
    invitation_revoke,
    invitation_sent,
)
from apps.organizations.services.invitations_bulk import InvitationOutcome, invitations_create
from apps.organizations.services.joining import (
    Joining,
    join_request_approve,
    join_request_decline,
    tenant_join,
)
from apps.organizations.services.local_groups import (
    group_member_remove,
    group_members_add,
    local_group_create,
    local_group_delete,
    local_group_rename,
)
from apps.organizations.services.members import (
    member_join,
    member_move,
    member_sync_person,
    member_update_status,
)
from apps.organizations.services.members_bulk import MemberOutcome, members_update
from apps.organizations.services.offboarding import member_offboard
from apps.organizations.services.organizations import (
    MovePreview,
    organization_create,
    organization_delete,
    organization_move,
    organization_rename,
    root_ensure,
    root_rename,
)
from apps.organizations.services.organizations_import import (
    OrganizationOutcome,
    organizations_import,
)
from apps.organizations.services.organizations_order import (
    organization_archive,
    organization_reorder,
    organization_restore,
)
from apps.organizations.services.placements import member_place, member_set_primary, member_unplace
from apps.organizations.services.retirement import role_retire
from apps.organizations.services.scim_tokens import scim_token_create, scim_token_revoke
from apps.organizations.services.settings import setting_reset, setting_set
from apps.organizations.services.support import (
    support_binding_revoke,
    support_group_delete,
    support_organization_archive,
    support_organization_restore,
)

__all__ = [
    "DirectoryUserData",
    "GroupData",
    "InvitationOutcome",
    "Joining",
    "MemberOutcome",
    "MovePreview",
    "OrganizationOutcome",
    "binding_create",
    "binding_delete",
    "binding_end",
    "bindings_tell",
    "directory_link",
    "directory_user_change",
    "directory_user_create",
    "directory_user_delete",
    "group_change",
    "group_create",
    "group_delete",
    "group_map",
    "group_member_remove",
    "group_members_add",
    "invitation_accept",
    "invitation_create",
    "invitation_open",
    "invitation_resend",
    "invitation_revoke",
    "invitation_sent",
    "invitations_create",
    "join_request_approve",
    "join_request_decline",
    "local_group_create",
    "local_group_delete",
    "local_group_rename",
    "member_join",
    "member_move",
    "member_offboard",
    "member_place",
    "member_set_primary",
    "member_sync_person",
    "member_unplace",
    "member_update_status",
    "members_update",
    "organization_archive",
    "organization_create",
    "organization_delete",
    "organization_move",
    "organization_rename",
    "organization_reorder",
    "organization_restore",
    "organizations_import",
    "owned_alone",
    "person_erase",
    "role_retire",
    "root_ensure",
    "root_rename",
    "scim_token_create",
    "scim_token_revoke",
    "setting_reset",
    "setting_set",
    "support_binding_revoke",
    "support_group_delete",
    "support_organization_archive",
    "support_organization_restore",
    "tenant_join",
]
