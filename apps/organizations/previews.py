"""Who gains and who loses what, before it is confirmed: rows are read once, and what changes is computed.

The cost does not depend on how many members it concerns: four statements, and those that find them.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.common.access import Permission, paths_allowed, permissions
from apps.common.actors import Actor
from apps.organizations import permissions as p
from apps.organizations.effects import Access, Allowed, Area, Bound, differences
from apps.organizations.enums import MemberStatus
from apps.organizations.holders import in_force, members_holding, not_ended
from apps.organizations.models import GroupMembership, Member, Organization, RoleBinding
from apps.roles.models import Role

# How many areas, and how many members, a preview names. The rest is counted.
SHOWN = 200
# Sorts after every path there is.
MOVED = "~~~~"


@dataclass(frozen=True, slots=True)
class Effect:
    """What one member gains or loses at an organization and below it; see effects.Area."""

    member: Member
    organization: Organization
    organizations: int
    but: list[Organization]
    gained: list[Permission]
    lost: list[Permission]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class AccessPreview:
    """at: the moment that the change is looked at. gaining, losing: members who do, by name.

    The lists end at SHOWN, and leave out whom the actor does not see; the figures count everybody.
    """

    at: datetime
    gaining: list[Member]
    losing: list[Member]
    gaining_count: int
    losing_count: int
    effects: list[Effect]
    effect_count: int

    @property
    def is_empty(self) -> bool:
        return not self.effect_count

    @property
    def unlisted(self) -> int:
        """How many effects are counted, but not shown."""
        return self.effect_count - len(self.effects)


def preview_end(actor: Actor, binding: RoleBinding, *, ends_at: datetime | None) -> AccessPreview:
    """What it changes if a binding ends then (None: never), from the moment on from which that matters."""
    ends = [at for at in (binding.ends_at, ends_at) if at is not None]
    at = max(timezone.now(), binding.starts_at or timezone.now(), min(ends, default=timezone.now()))

    def ended(access: Access) -> Access:
        return replace(
            access,
            bindings=tuple(
                replace(one, ends_at=ends_at) if one.id == binding.id else one
                for one in access.bindings
            ),
        )

    return preview(actor, _concerned([binding]), ended, at)


def preview_taking(actor: Actor, bindings: list[RoleBinding]) -> AccessPreview:
    """What it changes if these go: now, or where none has begun yet, when the first would have."""
    now = timezone.now()
    at = min((max(now, binding.starts_at or now) for binding in bindings), default=now)
    ids = {binding.id for binding in bindings}

    def taken(access: Access) -> Access:
        return replace(access, bindings=tuple(b for b in access.bindings if b.id not in ids))

    return preview(actor, _concerned(bindings), taken, at)


def preview_leaving(
    actor: Actor, group_id: uuid.UUID, member_ids: Iterable[uuid.UUID]
) -> AccessPreview:
    """What it changes if members leave a group."""
    gone = {(group_id, member_id) for member_id in member_ids}

    def left(access: Access) -> Access:
        return replace(access, memberships=access.memberships - gone)

    members = Member.objects.filter(id__in=[member_id for _, member_id in gone])
    return preview(actor, members, left, timezone.now())


def preview_joining(
    actor: Actor, group_id: uuid.UUID, member_ids: Iterable[uuid.UUID]
) -> AccessPreview:
    """What it changes if members come into a group."""
    added = {(group_id, member_id) for member_id in member_ids}

    def joined(access: Access) -> Access:
        return replace(access, memberships=access.memberships | added)

    members = Member.objects.filter(id__in=[member_id for _, member_id in added])
    groups = [group_id]
    return preview(actor, members, joined, timezone.now(), groups=groups)


def preview_moving(actor: Actor, organization: Organization, parent: Organization) -> AccessPreview:
    """What it changes if an organization hangs under another: for who holds roles above either place."""
    old = organization.path
    new = parent.path + MOVED

    def moved(access: Access) -> Access:
        return replace(
            access,
            paths={
                place: new + path[len(old) :] if path.startswith(old) else path
                for place, path in access.paths.items()
            },
        )

    above = _above(old) ^ _above(parent.path + MOVED)
    bindings = RoleBinding.objects.filter(in_force(timezone.now()), organization__path__in=above)
    return preview(actor, members_holding(bindings), moved, timezone.now())


def _above(path: str) -> set[str]:
    """The paths of an organization's ancestors."""
    step = Organization.steplen
    return {path[:end] for end in range(step, len(path), step)}


def _concerned(bindings: list[RoleBinding]) -> QuerySet[Member]:
    return members_holding(RoleBinding.objects.filter(id__in=[one.id for one in bindings]))


def preview(
    actor: Actor,
    members: QuerySet[Member],
    change: Callable[[Access], Access],
    at: datetime,
    *,
    groups: Iterable[uuid.UUID] = (),
) -> AccessPreview:
    """What `change` does to what active members hold. Four statements.

    members: all whom it may concern. groups: that they are not in yet, whose bindings matter.
    """
    found = {
        member.id: member
        for member in members.filter(status=MemberStatus.ACTIVE).select_related("organization")
    }
    organizations = {one.id: one for one in Organization.objects.only("id", "name", "path")}
    before = _access(list(found), organizations.values(), groups)
    areas = differences(before, change(before), at)
    return _named(actor, areas, found, organizations, at)


def _access(
    member_ids: list[uuid.UUID],
    organizations: Iterable[Organization],
    groups: Iterable[uuid.UUID],
) -> Access:
    """The rows that decide what these members hold. Two statements."""
    memberships = frozenset(
        GroupMembership.objects.filter(
            Q(member_id__in=member_ids) | Q(user__member_id__in=member_ids)
        ).values_list("group_id", Coalesce("member_id", "user__member_id"))
    )
    group_ids = {group_id for group_id, _ in memberships} | set(groups)
    bindings = list(
        RoleBinding.objects.filter(
            Q(member_id__in=member_ids) | Q(group_id__in=group_ids), not_ended(timezone.now())
        ).select_related("role")
    )
    return Access(
        paths={one.id: one.path for one in organizations},
        roles={one.role_id: allowed_by(one.role) for one in bindings},
        bindings=tuple(bound(one) for one in bindings),
        memberships=memberships,
    )


def allowed_by(role: Role) -> Allowed:
    declared = permissions()
    codes = role.effective
    scoped = frozenset(code for code in codes if declared[code].scoped)
    return Allowed(scoped, codes - scoped)


def bound(binding: RoleBinding) -> Bound:
    return Bound(
        id=binding.id,
        role_id=binding.role_id,
        organization_id=binding.organization_id,
        member_id=binding.member_id,
        group_id=binding.group_id,
        starts_at=binding.starts_at,
        ends_at=binding.ends_at,
    )


def _named(
    actor: Actor,
    areas: list[Area],
    members: dict[uuid.UUID, Member],
    organizations: dict[uuid.UUID, Organization],
    at: datetime,
) -> AccessPreview:
    paths = paths_allowed(actor, p.VIEW_MEMBER)
    declared = permissions()

    def is_seen(member: Member) -> bool:
        return paths is None or any(member.organization.path.startswith(path) for path in paths)

    def order(member_id: uuid.UUID) -> tuple[str, uuid.UUID]:
        return members[member_id].name.casefold(), member_id

    def some(member_ids: set[uuid.UUID]) -> list[Member]:
        named = (members[one] for one in sorted(member_ids, key=order))
        return [member for member in named if is_seen(member)][:SHOWN]

    gaining = {area.member_id for area in areas if area.gained}
    losing = {area.member_id for area in areas if area.lost}
    shown = [area for area in areas if is_seen(members[area.member_id])]
    shown.sort(key=lambda area: order(area.member_id))
    return AccessPreview(
        at=at,
        gaining=some(gaining),
        losing=some(losing),
        gaining_count=len(gaining),
        losing_count=len(losing),
        effects=[
            Effect(
                member=members[area.member_id],
                organization=organizations[area.organization_id],
                organizations=area.organizations,
                but=[organizations[place] for place in area.but],
                gained=[declared[code] for code in sorted(area.gained)],
                lost=[declared[code] for code in sorted(area.lost)],
                is_whole=area.is_whole,
            )
            for area in shown[:SHOWN]
        ],
        effect_count=len(areas),
    )
