"""Writes on roles. Nobody gives a role more than they hold themselves, by whatever way it allows it."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils.text import get_text_list, slugify
from django.utils.translation import gettext_lazy as _

from apps.common import entitlements
from apps.common.access import allows, authorize, permissions
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.roles.entitlements import CUSTOM_ROLES
from apps.roles.events import RoleChanged
from apps.roles.models import Role
from apps.roles.permissions import MANAGE_ROLE
from apps.roles.services.graph import RoleGraph, graph_locked


@transaction.atomic
def role_create(
    *,
    actor: Actor,
    name: str,
    permission_codes: Iterable[str],
    description: str = "",
    includes: Iterable[uuid.UUID] = (),
) -> Role:
    """Create a custom role. includes: ids of roles. Locks all roles. Publishes roles.role_changed.

    Raises PermissionDenied (also for what the actor lacks, directly, implied or by an included role),
    InvalidInput, EntitlementExceeded.
    """
    authorize(actor, MANAGE_ROLE)
    graph = graph_locked()
    entitlements.check(require_tenant(), CUSTOM_ROLES, is_locked=True)
    name = _name_validate(name)
    role = Role(code=_code_for(name), name=name, description=_description_validate(description))
    role.permissions = _codes_validate(permission_codes)
    graph.roles[role.id] = role
    graph.include(role.id, includes)
    graph.set_inherited(role)
    _check_holds(actor, role.effective)
    try:
        with transaction.atomic():
            role.save(force_insert=True)
    except IntegrityError as error:
        raise InvalidInput.field(
            "name", _("A role with this name exists."), "name_taken"
        ) from error
    graph.store(role)
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
    unknown_codes: Iterable[str] | None = None,
    includes: Iterable[uuid.UUID] | None = None,
    version: datetime | None = None,
) -> Role:
    """Change a custom role; members who hold it, or one that includes it, feel it on their next request.

    permission_codes, includes: all that it has then. unknown_codes: which of those that no app declares any
    more it keeps; None: all. version: its `updated_at` when it was shown.
    Locks all roles. Publishes roles.role_changed. Raises PermissionDenied (also where it allows what the
    actor lacks, before or after), NotFound, InvalidInput, Conflict (a system role, changed meanwhile).
    """
    authorize(actor, MANAGE_ROLE)
    graph = graph_locked()
    role = _custom(graph, role_id)
    if version is not None and version != role.updated_at:
        raise Conflict(
            _("Somebody changed the role “%s” meanwhile. See what it is now, and try again.")
            % role.name,
            code="changed_meanwhile",
        )
    before = role.effective
    if name is not None:
        role.name = _name_validate(name)
    if description is not None:
        role.description = _description_validate(description)
    unknown = role.unknown
    kept = unknown if unknown_codes is None else unknown & frozenset(unknown_codes)
    declared = role.own
    if permission_codes is not None:
        declared = frozenset(_codes_validate(set(permission_codes) - unknown))
    role.permissions = sorted(declared | kept)
    if includes is not None:
        graph.include(role.id, includes)
        graph.set_inherited(role)
        graph.store(role)
    if permission_codes is not None or includes is not None:
        _check_holds(actor, before | role.effective)
    role.save()
    graph.spread(role)
    publish(RoleChanged(role_id=role.id, code=role.code, change="updated"), actor=actor)
    return role


@dataclass(frozen=True, slots=True)
class RoleChange:
    """version: the role's `updated_at` when it was shown. codes: all that it has then."""

    version: datetime
    codes: frozenset[str]


@transaction.atomic
def roles_update(*, actor: Actor, changes: Mapping[uuid.UUID, RoleChange]) -> list[Role]:
    """Change what several custom roles allow: all of them, or none. Raises as role_update does."""
    return [
        role_update(
            actor=actor, role_id=role_id, permission_codes=change.codes, version=change.version
        )
        for role_id, change in changes.items()
    ]


@transaction.atomic
def role_delete(*, actor: Actor, role_id: uuid.UUID) -> None:
    """Delete a custom role that nobody holds and no role includes. Locks all roles.

    Publishes roles.role_changed.
    Raises PermissionDenied, NotFound, Conflict (`system_role`, `role_included`, `role_in_use`).
    """
    authorize(actor, MANAGE_ROLE)
    graph = graph_locked()
    role = _custom(graph, role_id)
    if including := graph.including(role_id):
        names = get_text_list([f"“{one.name}”" for one in including], str(_("and")))
        raise Conflict(
            _("It is included in %s. Take it out of there first.") % names, code="role_included"
        )
    try:
        with transaction.atomic():
            role.delete()
            # Now, and not at the commit: somebody may have given it since it was looked for.
            connection.check_constraints()
    except IntegrityError as error:
        raise Conflict(
            _("Members hold this role. Take it from them first."), code="role_in_use"
        ) from error
    publish(RoleChanged(role_id=role_id, code=role.code, change="deleted"), actor=actor)


def _custom(graph: RoleGraph, role_id: uuid.UUID) -> Role:
    role = graph.roles.get(role_id)
    if role is None:
        raise NotFound
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


def _description_validate(description: str) -> str:
    description = " ".join(description.split())
    if len(description) > 300 or not description.isprintable():
        raise InvalidInput.field(
            "description", _("Use at most 300 printable characters."), "description_invalid"
        )
    return description


def _code_for(name: str) -> str:
    code = slugify(name)[:50]
    if not code:
        raise InvalidInput.field("name", _("Use at least one letter or digit."), "name_invalid")
    return code


def _codes_validate(codes: Iterable[str]) -> list[str]:
    wanted = set(codes)
    unknown = wanted - permissions().keys()
    if unknown:
        raise InvalidInput.field(
            "permissions", _("Unknown permission: %s") % ", ".join(sorted(unknown)), "unknown"
        )
    return sorted(wanted)


def _check_holds(actor: Actor, codes: Iterable[str]) -> None:
    lacking = {code for code in codes if not allows(actor, code)}
    if lacking:
        raise PermissionDenied(
            _("You can't give what you don't hold yourself: %s") % ", ".join(sorted(lacking))
        )
