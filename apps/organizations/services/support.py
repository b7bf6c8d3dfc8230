"""What platform staff do inside a tenant that asked for help: each with a reason, kept in its history.

Staff hold no role in a tenant. These acts put in order or take away, and give nobody anything.
"""

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.common.access import OWNER, require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.common.tenancy import require_tenant
from apps.organizations.models import Organization
from apps.organizations.selectors import binding_for, organization_for
from apps.organizations.selectors_directory import group_locked
from apps.organizations.services.bindings import binding_take, check_owner_remains
from apps.organizations.services.groups import group_drop
from apps.organizations.services.organizations_order import archive, restore
from apps.organizations.tree_lock import tree_locked
from apps.roles.selectors import owner_role_locked
from apps.tenants.selectors import tenant_by_id
from apps.tenants.services import note

# Finds what staff name; what happens is told of the actor who was given.
FINDER = Actor.system("support")


@transaction.atomic
def support_binding_revoke(*, actor: Actor, binding_id: uuid.UUID, reason: str) -> None:
    """Take a role from a member or a group. Locks the owner role.

    Publishes role_binding_changed or group_role_changed. Raises PermissionDenied, InvalidInput (no reason),
    NotFound, Conflict (last owner).
    """
    reason = _reason(actor, reason)
    owner_role_locked()
    binding = binding_for(FINDER, binding_id)
    if binding.role.code == OWNER:
        check_owner_remains(binding)
    holder = f"member {binding.member_id}" if binding.member_id else f"group {binding.group}"
    _note(actor, "role_taken", f"{binding.role} of {holder} at {binding.organization}: {reason}")
    binding_take(actor, binding)


@transaction.atomic
def support_organization_archive(
    *, actor: Actor, organization_id: uuid.UUID, reason: str
) -> Organization:
    """As organization_archive. Raises PermissionDenied, InvalidInput (no reason), NotFound, Conflict."""
    reason = _reason(actor, reason)
    tree_locked(actor)
    organization = organization_for(FINDER, organization_id)
    if archive(actor, organization):
        _note(actor, "organization_archived", f"{organization}: {reason}")
    return organization_for(FINDER, organization_id)


@transaction.atomic
def support_organization_restore(
    *, actor: Actor, organization_id: uuid.UUID, reason: str
) -> Organization:
    """As organization_restore. Raises PermissionDenied, InvalidInput (no reason), NotFound, Conflict."""
    reason = _reason(actor, reason)
    tree_locked(actor)
    organization = organization_for(FINDER, organization_id)
    if restore(actor, organization):
        _note(actor, "organization_restored", f"{organization}: {reason}")
    return organization_for(FINDER, organization_id)


@transaction.atomic
def support_group_delete(*, actor: Actor, group_id: uuid.UUID, reason: str) -> None:
    """Delete a group of the workspace, and what its members hold through it. Locks the group.

    Publishes group_changed. Raises PermissionDenied, InvalidInput (no reason), NotFound, Conflict (of the
    directory).
    """
    reason = _reason(actor, reason)
    group = group_locked(FINDER, group_id)
    if not group.is_local:
        raise Conflict(
            _("The identity provider keeps this group. It is deleted there."),
            code="directory_group",
        )
    _note(actor, "group_deleted", f"{group}: {reason}")
    group_drop(actor, group)


def _reason(actor: Actor, reason: str) -> str:
    """Raises PermissionDenied for who is not the platform, InvalidInput."""
    require_platform(actor)
    if not reason.strip():
        raise InvalidInput.field("reason", _("Say why."), "required")
    return reason.strip()


def _note(actor: Actor, action: str, reason: str) -> None:
    tenant = tenant_by_id(require_tenant().id)
    if tenant is None:
        raise NotFound
    note(actor, tenant, action, reason=reason)
