"""Writes on a tenant's organizations, members, role bindings and invitations."""

from apps.organizations.services.bindings import binding_create, binding_delete
from apps.organizations.services.erasure import owned_alone, person_erase
from apps.organizations.services.invitations import (
    invitation_accept,
    invitation_create,
    invitation_open,
    invitation_resend,
    invitation_revoke,
    invitation_sent,
)
from apps.organizations.services.members import (
    member_join,
    member_move,
    member_sync_person,
    member_update_status,
)
from apps.organizations.services.organizations import (
    MovePreview,
    organization_create,
    organization_delete,
    organization_move,
    organization_rename,
    root_ensure,
    root_rename,
)

__all__ = [
    "MovePreview",
    "binding_create",
    "binding_delete",
    "invitation_accept",
    "invitation_create",
    "invitation_open",
    "invitation_resend",
    "invitation_revoke",
    "invitation_sent",
    "member_join",
    "member_move",
    "member_sync_person",
    "member_update_status",
    "organization_create",
    "organization_delete",
    "organization_move",
    "organization_rename",
    "owned_alone",
    "person_erase",
    "root_ensure",
    "root_rename",
]
