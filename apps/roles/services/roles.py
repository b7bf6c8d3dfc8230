"""Writes on roles. Nobody gives a role more than they hold themselves."""

import uuid
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from apps.accounts import epochs
from apps.common.access import allows, authorize, permissions
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.roles.events import RoleChanged
from apps.roles.models import OWNER, Role
from apps.roles.permissions import MANAGE_ROLE

SYSTEM_ROLES = {
    OWNER: (_("Owner"), _("Everything, including what is dangerous. Every workspace has one.")),
    "admin": (_("Administrator"), _("Runs the workspace: people, roles, organizations, settings.")),
    "member": (_("Member"), _("Works in the workspace and sees who else does.")),
}


def system_roles_ensure() -> None:
    """Create the system roles that are missing. Safe to repeat."""
    Role.objects.bulk_create(
        [
            Role(code=code, name=str(name), description=str(description), is_system=True)
            for code, (name, description) in SYSTEM_ROLES.items()
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def role_create(
    *, actor: Actor, name: str, permission_codes: Iterable[str], description: str = ""
) -> Role:
    """Create a custom role. Publishes roles.role_changed.

    Raises PermissionDenied (also for a permission that the actor lacks), InvalidInput.
    """
    authorize(actor, MANAGE_ROLE)
    codes = _codes_validate(actor, permission_codes)
    name = _name_validate(name)
    role = Role(code=_code_for(name), name=name, description=description, permissions=codes)
    try:
        with transaction.atomic():
            role.save(force_insert=True)
    except IntegrityError as error:
        raise InvalidInput.field(
            "name", _("A role with this name exists."), "name_taken"
        ) from error
    publish(RoleChanged(role_id=role.id, code=role.code, change="created"), actor=actor)
    return role


@transaction.atomic
def role_update(
    *,
    actor: Actor,
    role_id: uuid.UUID,
    name: str | None = None,
    description: str | None = None,
    permission_codes: Iterable[str] | None = None,
) -> Role:
    """Change a custom role; members who hold it feel it on their next request. Locks the role."""
    authorize(actor, MANAGE_ROLE)
    role = _lock_custom(role_id)
    if name is not None:
        role.name = _name_validate(name)
    if description is not None:
        role.description = description
    if permission_codes is not None:
        codes = _codes_validate(actor, {*permission_codes, *role.permissions})
        wanted = set(permission_codes)
        role.permissions = [code for code in codes if code in wanted]
    role.save()
    publish(RoleChanged(role_id=role.id, code=role.code, change="updated"), actor=actor)
    return role


@transaction.atomic
def role_delete(*, actor: Actor, role_id: uuid.UUID) -> None:
    """Delete a custom role that nobody holds. Raises Conflict while somebody does."""
    authorize(actor, MANAGE_ROLE)
    role = _lock_custom(role_id)
    try:
        with transaction.atomic():
            role.delete()
    except IntegrityError as error:
        raise Conflict(
            _("Members hold this role. Take it from them first."), code="role_in_use"
        ) from error
    publish(RoleChanged(role_id=role_id, code=role.code, change="deleted"), actor=actor)


def _lock_custom(role_id: uuid.UUID) -> Role:
    role = Role.objects.select_for_update().filter(id=role_id).first()
    if role is None:
        raise NotFound
    epochs.change(epochs.of_tenant(require_tenant().id))
    if role.is_system:
        raise Conflict(
            _("System roles cannot be changed. Create a custom role."), code="system_role"
        )
    return role


def _name_validate(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 80 or not name.isprintable():
        raise InvalidInput.field("name", _("Use 1 to 80 printable characters."), "name_invalid")
    return name


def _code_for(name: str) -> str:
    code = slugify(name)[:50]
    if not code:
        raise InvalidInput.field("name", _("Use at least one letter or digit."), "name_invalid")
    return code


def _codes_validate(actor: Actor, codes: Iterable[str]) -> list[str]:
    wanted = set(codes)
    unknown = wanted - permissions().keys()
    if unknown:
        raise InvalidInput.field(
            "permissions", _("Unknown permission: %s") % ", ".join(sorted(unknown)), "unknown"
        )
    lacking = {code for code in wanted if not allows(actor, code)}
    if lacking:
        raise PermissionDenied(
            _("You can't give what you don't hold yourself: %s") % ", ".join(sorted(lacking))
        )
    return sorted(wanted)
