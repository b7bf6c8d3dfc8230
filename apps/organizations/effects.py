"""What bindings amount to: who may do what where, and what a change of them changes. Pure: no statements.

The set {(member, permission, organization)} of a whole workspace has too many elements to write out. But
what a member holds differs between an organization and its parent only where they hold something new. So
a difference is a list of areas: an organization with those below it, except some with those below them.
"""

import uuid
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

Codes = frozenset[str]
NOTHING: Codes = frozenset()


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a role allows. scoped: at an organization and below it. whole: in the whole workspace, or not."""

    scoped: Codes = NOTHING
    whole: Codes = NOTHING


@dataclass(frozen=True, slots=True)
class Bound:
    """A row of a binding: of a member or of a group, never both."""

    id: uuid.UUID
    role_id: uuid.UUID
    organization_id: uuid.UUID
    member_id: uuid.UUID | None = None
    group_id: uuid.UUID | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        begun = self.starts_at is None or self.starts_at <= at
        return begun and (self.ends_at is None or self.ends_at > at)


@dataclass(frozen=True, slots=True)
class Access:
    """The rows that decide. paths: of organizations; what is below one has a path that starts with its.

    memberships: (group, member), of active members only, as the bindings are.
    """

    paths: Mapping[uuid.UUID, str]
    roles: Mapping[uuid.UUID, Allowed]
    bindings: tuple[Bound, ...]
    memberships: frozenset[tuple[uuid.UUID, uuid.UUID]] = frozenset()


@dataclass(slots=True)
class Held:
    """What one member holds, by the organization that it is bound at. whole: in the whole workspace."""

    scoped: dict[uuid.UUID, Codes] = field(default_factory=dict)
    whole: Codes = NOTHING

    def at(self, organization_id: uuid.UUID, paths: Mapping[uuid.UUID, str]) -> Codes:
        """What they hold at an organization by all bindings at it and above it."""
        path = paths[organization_id]
        return NOTHING.union(
            *(codes for place, codes in self.scoped.items() if path.startswith(paths[place]))
        )


@dataclass(frozen=True, slots=True)
class Area:
    """A member gains or loses the same in `organizations` organizations: this one, and those below it.

    But not at the organizations in `but` and below them; what happens there is another area, or nothing.
    is_whole: it is about the whole workspace, whose permissions know no organization; then `organizations`
    is 1 and `organization_id` the root's.
    """

    member_id: uuid.UUID
    organization_id: uuid.UUID
    organizations: int
    gained: Codes
    lost: Codes
    but: tuple[uuid.UUID, ...] = ()
    is_whole: bool = False


def effective(access: Access, at: datetime) -> dict[uuid.UUID, Held]:
    """What each member holds at a moment, directly and through groups."""
    members: dict[uuid.UUID | None, list[uuid.UUID]] = defaultdict(list)
    for group_id, member_id in access.memberships:
        members[group_id].append(member_id)
    root_id = _root(access.paths)
    found: dict[uuid.UUID, Held] = defaultdict(Held)
    for bound in access.bindings:
        if not bound.holds_at(at):
            continue
        allowed, place = access.roles[bound.role_id], bound.organization_id
        holders = [bound.member_id] if bound.member_id else members[bound.group_id]
        for holder in holders:
            held = found[holder]
            held.scoped[place] = held.scoped.get(place, NOTHING) | allowed.scoped
            if place == root_id:
                held.whole |= allowed.whole
    return dict(found)


def differences(before: Access, after: Access, at: datetime) -> list[Area]:
    """What becomes of what members hold, by member and then in tree order (that of `after`).

    Both have the same organizations, which may hang elsewhere.
    """
    held_before, held_after = effective(before, at), effective(after, at)
    moved = _moved(before.paths, after.paths)
    tree = _Tree(after.paths)
    root_id = _root(after.paths)
    areas = []
    for member_id in sorted(held_before.keys() | held_after.keys()):
        one = held_before.get(member_id, Held()), held_after.get(member_id, Held())
        gained, lost = one[1].whole - one[0].whole, one[0].whole - one[1].whole
        if gained or lost:
            areas.append(Area(member_id, root_id, 1, gained, lost, is_whole=True))
        places = sorted(one[0].scoped.keys() | one[1].scoped.keys() | moved, key=tree.path)
        changes = {
            place: _change(one[0].at(place, before.paths), one[1].at(place, after.paths))
            for place in places
        }
        areas += (
            Area(member_id, place, count, *changes[place], but=tuple(but))
            for place, (count, but) in tree.areas(places, changes).items()
        )
    return areas


def _change(before: Codes, after: Codes) -> tuple[Codes, Codes]:
    return after - before, before - after


UNCHANGED = (NOTHING, NOTHING)


class _Tree:
    """Organizations by their paths."""

    def __init__(self, paths: Mapping[uuid.UUID, str]) -> None:
        self.paths = paths
        self.sorted = sorted(paths.values())

    def path(self, organization_id: uuid.UUID) -> str:
        return self.paths[organization_id]

    def size(self, path: str) -> int:
        """How many there are at a path and below it."""
        return bisect_left(self.sorted, path + "\uffff") - bisect_left(self.sorted, path)

    def areas(
        self, places: Iterable[uuid.UUID], changes: Mapping[uuid.UUID, tuple[Codes, Codes]]
    ) -> dict[uuid.UUID, tuple[int, list[uuid.UUID]]]:
        """The tops of areas that change alike: how many organizations are in each, and which are left out.

        places: in tree order; between two of them nothing changes.
        """
        counts: dict[uuid.UUID, int] = {}
        left_out: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
        # The places above the present one, with the top of the area that each is in.
        above: list[tuple[uuid.UUID, str, uuid.UUID | None]] = []
        for place in places:
            path = self.paths[place]
            while above and not path.startswith(above[-1][1]):
                above.pop()
            parent, _path, outer = above[-1] if above else (None, "", None)
            top = outer
            if changes[place] != (changes[parent] if parent else UNCHANGED):
                top = place if changes[place] != UNCHANGED else None
                size = self.size(path)
                if outer is not None:
                    counts[outer] -= size
                    left_out[outer].append(place)
                if top is not None:
                    counts[top] = size
            above.append((place, path, top))
        return {top: (count, left_out[top]) for top, count in counts.items()}


def _root(paths: Mapping[uuid.UUID, str]) -> uuid.UUID:
    return min(paths, key=lambda organization_id: len(paths[organization_id]))


def _moved(before: Mapping[uuid.UUID, str], after: Mapping[uuid.UUID, str]) -> set[uuid.UUID]:
    """The tops of what hangs elsewhere."""
    moved: set[uuid.UUID] = set()
    last = ""
    for organization_id in sorted(after, key=after.__getitem__):
        path = after[organization_id]
        if before[organization_id] != path and not (last and path.startswith(last)):
            moved.add(organization_id)
            last = path
    return moved
