"""What members may do, where, and why: `decide` with its reasons spelled out."""

import uuid
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from apps.common.access import (
    Decision,
    Permission,
    authorize,
    decide,
    paths_allowed,
    permissions,
)
from apps.common.actors import Actor, Grant
from apps.common.errors import InvalidInput, NotFound
from apps.organizations import permissions as p
from apps.organizations.actors import actor_of_member
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import belongs, organizations_for
from apps.roles.models import Role
from apps.roles.permissions import VIEW_ROLE

DEACTIVATED = "the member is deactivated"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether a member may do something, and why.

    organization: that is asked about; None: the whole workspace. path: from where the role is held down to
    there, as far as the actor sees it. also: further grants that allow it. roles: that would give it, where
    it is denied.
    """

    permission: Permission
    decision: Decision
    organization: Organization | None
    path: list[Organization]
    also: list[Grant]
    roles: list[Role]

    @property
    def allowed(self) -> bool:
        return self.decision.allowed

    @property
    def reason(self) -> str:
        return self.decision.reason


@dataclass(frozen=True, slots=True)
class HeldAt:
    """Permissions that a member holds at an organization and below it, by roles bound there."""

    organization_id: uuid.UUID
    organization_name: str
    permissions: list[str]
    grants: list[Grant]


@dataclass(frozen=True, slots=True)
class MemberAccess:
    """All that a member may do: every permission at one organization, and where they hold roles."""

    member: Member
    organization: Organization | None
    explanations: list[Explanation]
    held: list[HeldAt]


def member_actor_for(actor: Actor, member_id: uuid.UUID) -> tuple[Member, Actor]:
    """Another member whom the actor sees, in any status but removed, and what they hold. Two statements.

    Raises PermissionDenied, NotFound.
    """
    if paths_allowed(actor, VIEW_ROLE) == []:
        authorize(actor, VIEW_ROLE)
    seen = belongs(paths_allowed(actor, p.VIEW_MEMBER))
    member = (
        Member.objects.filter(seen, id=member_id)
        .exclude(status=MemberStatus.REMOVED)
        .select_related("organization")
        .first()
    )
    found = actor_of_member(member_id, active_only=False)
    if member is None or found is None:
        raise NotFound
    authorize(actor, VIEW_ROLE, member.organization)
    return member, found


def access_explain(
    actor: Actor, *, member_id: uuid.UUID, permission: str, organization_id: uuid.UUID | None
) -> Explanation:
    """Whether a member may do something (None: in the whole tenant) and why. At most four statements.

    What can only be held in the whole workspace is asked about there, wherever one asks.
    Raises PermissionDenied, NotFound (member, organization), InvalidInput (permission).
    """
    member, held = member_actor_for(actor, member_id)
    if permission not in permissions():
        raise InvalidInput.field("permission", _("There is no such permission."), "unknown")
    place = _path_to(actor, organization_id) if organization_id else []
    declared = permissions()[permission]
    roles = (
        [] if decide(held, permission, _node(declared, place)).allowed else list(Role.objects.all())
    )
    return _explain(member, held, declared, place, roles)


def member_access(
    actor: Actor, *, member_id: uuid.UUID, organization_id: uuid.UUID | None = None
) -> MemberAccess:
    """Every permission, and whether and why a member holds it at an organization. Four statements.

    None: in the whole workspace. Raises PermissionDenied, NotFound (member, organization).
    """
    member, held = member_actor_for(actor, member_id)
    place = _path_to(actor, organization_id) if organization_id else []
    roles = list(Role.objects.all())
    return MemberAccess(
        member=member,
        organization=place[-1] if place else None,
        explanations=[
            _explain(member, held, declared, place, roles) for declared in permissions().values()
        ],
        held=_held(held) if member.is_active else [],
    )


def _path_to(actor: Actor, organization_id: uuid.UUID) -> list[Organization]:
    """An organization and those above it, from the top, as far as the actor sees them. Raises NotFound."""
    below_it = Organization.objects.filter(id=organization_id, path__startswith=OuterRef("path"))
    found = list(organizations_for(actor).filter(Exists(below_it)).order_by("path"))
    if not found or found[-1].id != organization_id:
        raise NotFound
    return found


def _node(permission: Permission, place: list[Organization]) -> Organization | None:
    return place[-1] if place and permission.scoped else None


def _explain(
    member: Member,
    held: Actor,
    permission: Permission,
    place: list[Organization],
    roles: list[Role],
) -> Explanation:
    node = _node(permission, place)
    decision = decide(held, permission.code, node)
    if not member.is_active:
        decision = Decision(False, note=DEACTIVATED)
    also, path = [], []
    if decision.grant is not None:
        also = [
            grant
            for grant in held.grants
            if grant is not decision.grant
            and permission.code in grant.permissions
            and (grant.is_root or (node is not None and node.path.startswith(grant.path)))
        ]
        path = [one for one in place if node and one.path.startswith(decision.grant.path)]
    return Explanation(
        permission=permission,
        decision=decision,
        organization=node,
        path=path,
        also=also,
        roles=[]
        if decision.allowed or decision.note
        else [role for role in roles if permission.code in role.effective],
    )


def _held(held: Actor) -> list[HeldAt]:
    """In tree order."""
    places: dict[str, list[Grant]] = {}
    for grant in held.grants:
        places.setdefault(grant.path, []).append(grant)
    return [
        HeldAt(
            organization_id=grants[0].organization_id,
            organization_name=grants[0].organization_name,
            permissions=sorted(frozenset().union(*(grant.permissions for grant in grants))),
            grants=grants,
        )
        for _path, grants in sorted(places.items())
    ]
