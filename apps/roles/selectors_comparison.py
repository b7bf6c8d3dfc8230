"""What roles allow, and where each permission comes from; two of them beside each other."""

import uuid
from dataclasses import dataclass

from apps.common.access import Permission, expand, permissions
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.roles.enums import HeldBy, SourceKind
from apps.roles.models import Role
from apps.roles.selectors import included_roles, roles_for, with_includes


@dataclass(frozen=True, slots=True)
class Source:
    """How a role comes to hold a permission.

    code, name: of the role itself; of the permission of its own that implies it; or of the role that it
    includes itself, whatever that one includes.
    """

    kind: SourceKind
    code: str
    name: str


def role_sources(role: Role) -> dict[str, list[Source]]:
    """For each code that the role allows where it comes from. No statement for roles with their includes."""
    declared = permissions()
    found: dict[str, list[Source]] = {code: [] for code in sorted(role.effective)}
    for code in sorted(role.own):
        found[code].append(Source(SourceKind.OWN, role.code, role.name))
    for included in included_roles(role):
        for code in included.effective:
            found[code].append(Source(SourceKind.INCLUDED, included.code, included.name))
    for code in sorted(role.own):
        for implied in expand([code]) - {code}:
            if not any(one.kind == SourceKind.OWN for one in found[implied]):
                found[implied].append(Source(SourceKind.IMPLIED, code, str(declared[code].label)))
    return found


@dataclass(frozen=True, slots=True)
class Compared:
    permission: Permission
    a_sources: list[Source]
    b_sources: list[Source]

    @property
    def held_by(self) -> HeldBy:
        if self.a_sources and self.b_sources:
            return HeldBy.BOTH
        return HeldBy.A if self.a_sources else HeldBy.B


@dataclass(frozen=True, slots=True)
class RoleComparison:
    """permissions: what one of the two allows, or both, in the order of the codes."""

    a: Role
    b: Role
    permissions: list[Compared]


def roles_compare(actor: Actor, a_id: uuid.UUID, b_id: uuid.UUID) -> RoleComparison:
    """Two roles beside each other; it may be the same one twice. Two statements.

    Raises PermissionDenied, NotFound.
    """
    found = {role.id: role for role in with_includes(roles_for(actor)).filter(id__in=[a_id, b_id])}
    if not {a_id, b_id} <= found.keys():
        raise NotFound
    a, b = found[a_id], found[b_id]
    in_a, in_b = role_sources(a), role_sources(b)
    return RoleComparison(
        a,
        b,
        [
            Compared(permission, in_a.get(code, []), in_b.get(code, []))
            for code, permission in permissions().items()
            if code in in_a or code in in_b
        ],
    )
