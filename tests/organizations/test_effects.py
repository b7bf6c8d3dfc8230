"""What a change changes, against a model that counts it all out: 10,000 random workspaces."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.organizations.effects import (
    Access,
    Allowed,
    Area,
    Bound,
    differences,
    effective,
)

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
SCOPED, WHOLE = ("a", "b", "c"), ("x", "y")
Triple = tuple[Any, str, Any]


@cache
def key(kind: str, number: int) -> uuid.UUID:
    """By a hash: their order says nothing."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}{number}")


@dataclass
class Model:
    """A workspace as a person would note it down. Node 0 is the root; parents come before children."""

    parents: dict[int, int | None]
    roles: dict[int, set[str]]
    groups: dict[int, set[int]]
    # (who, group or member, role, node, start, end), the times in hours from now.
    bindings: list[tuple[str, int, int, int, float | None, float | None]]

    def climb(self, node: int) -> list[int]:
        """A node, its parent, and so on to the root."""
        found = [node]
        while (parent := self.parents[found[-1]]) is not None:
            found.append(parent)
        return found

    def triples(self, hours: float) -> set[Triple]:
        """All there is: who may do what where."""
        found: set[Triple] = set()
        for node in self.parents:
            for kind, who, role, place, start, end in self.bindings:
                if (start is not None and start > hours) or (end is not None and end <= hours):
                    continue
                if place not in self.climb(node):
                    continue
                holders = {who} if kind == "member" else self.groups[who]
                for member in holders:
                    for code in self.roles[role]:
                        if code in SCOPED or (node == 0 and place == 0):
                            found.add((key("m", member), code, key("n", node)))
        return found

    def access(self) -> Access:
        """The same as rows."""
        numbers: dict[int, str] = {}
        for node in sorted(self.parents, key=lambda one: len(self.climb(one))):
            parent = self.parents[node]
            # In an order that is not that of the ids.
            numbers[node] = (numbers[parent] if parent is not None else "") + f"{97 - node:04d}"
        return Access(
            paths={key("n", node): path for node, path in numbers.items()},
            roles={
                key("r", role): Allowed(
                    frozenset(codes & set(SCOPED)), frozenset(codes & set(WHOLE))
                )
                for role, codes in self.roles.items()
            },
            bindings=tuple(
                Bound(
                    id=key("b", number),
                    role_id=key("r", role),
                    organization_id=key("n", node),
                    member_id=key("m", who) if kind == "member" else None,
                    group_id=key("g", who) if kind == "group" else None,
                    starts_at=None if start is None else NOW + timedelta(hours=start),
                    ends_at=None if end is None else NOW + timedelta(hours=end),
                )
                for number, (kind, who, role, node, start, end) in enumerate(self.bindings)
            ),
            memberships=frozenset(
                (key("g", group), key("m", member))
                for group, members in self.groups.items()
                for member in members
            ),
        )


def model(random: Random) -> Model:
    nodes, members = random.randint(1, 12), random.randint(1, 4)
    roles, groups = random.randint(1, 4), random.randint(1, 3)
    return Model(
        parents={0: None} | {node: random.randrange(node) for node in range(1, nodes)},
        roles={
            role: set(random.sample(SCOPED + WHOLE, random.randint(0, 4))) for role in range(roles)
        },
        groups={
            group: set(random.sample(range(members), random.randint(0, members)))
            for group in range(groups)
        },
        bindings=[
            _binding(random, nodes, members, roles, groups) for _ in range(random.randint(0, 10))
        ],
    )


def _binding(random: Random, nodes: int, members: int, roles: int, groups: int) -> Any:
    kind = random.choice(("member", "group"))
    start, end = random.choice(
        ((None, None), (None, None), (-2, None), (1, None), (None, 2), (-3, -1), (0, 3), (None, 0))
    )
    who = random.randrange(members if kind == "member" else groups)
    return (kind, who, random.randrange(roles), random.randrange(nodes), start, end)


def change(random: Random, one: Model) -> Model:
    """The same workspace after one act on it."""
    return random.choice((move, unrole, unbind, end, leave, dissolve, give, narrow))(random, one)


def move(random: Random, one: Model) -> Model:
    node = random.choice(list(one.parents))
    places = [place for place in one.parents if node not in one.climb(place)]
    return replace(one, parents=one.parents | {node: random.choice(places)}) if places else one


def unrole(random: Random, one: Model) -> Model:
    role = random.choice(list(one.roles))
    return replace(one, bindings=_kept(one, lambda row: row[2] != role))


def unbind(random: Random, one: Model) -> Model:
    """A binding stays as a row that never holds: the rows after it keep their numbers."""
    gone = random.randrange(len(one.bindings) + 1)
    return _timed(one, gone, lambda start, _end: (start, start if start is not None else -99))


def end(random: Random, one: Model) -> Model:
    until = random.randrange(len(one.bindings) + 1)
    return _timed(one, until, lambda start, end: (start, max(1, start or 0, end or 0)))


def _timed(one: Model, chosen: int, times: Any) -> Model:
    rows = [
        (*row[:4], *times(*row[4:])) if number == chosen else row
        for number, row in enumerate(one.bindings)
    ]
    return replace(one, bindings=rows)


def leave(random: Random, one: Model) -> Model:
    group = random.choice(list(one.groups))
    return replace(one, groups=one.groups | {group: one.groups[group] - {random.randrange(4)}})


def dissolve(random: Random, one: Model) -> Model:
    group = random.choice(list(one.groups))
    return replace(one, bindings=_kept(one, lambda row: row[:2] != ("group", group)))


def give(random: Random, one: Model) -> Model:
    given = _binding(random, len(one.parents), 4, len(one.roles), len(one.groups))
    return replace(one, bindings=[*one.bindings, given])


def narrow(random: Random, one: Model) -> Model:
    role = random.choice(list(one.roles))
    return replace(one, roles=one.roles | {role: set(sorted(one.roles[role])[1:])})


def _kept(one: Model, keep: Any) -> list[Any]:
    return [row for row in one.bindings if keep(row)]


def spelled_out(areas: list[Area], access: Access) -> tuple[set[Triple], set[Triple]]:
    """The areas as the sets that they stand for; each says how many organizations are in it."""
    gained: set[Triple] = set()
    lost: set[Triple] = set()
    for area in areas:
        top = access.paths[area.organization_id]
        inside = {place for place, path in access.paths.items() if path.startswith(top)}
        for other in area.but:
            path = access.paths[other]
            inside -= {place for place, at in access.paths.items() if at.startswith(path)}
        if area.is_whole:
            inside = {area.organization_id}
        assert area.organizations == len(inside)
        assert area.gained or area.lost
        gained |= {(area.member_id, code, place) for place in inside for code in area.gained}
        lost |= {(area.member_id, code, place) for place in inside for code in area.lost}
    return gained, lost


@pytest.mark.parametrize("part", range(4))
@settings(
    max_examples=250,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 2**63))
def test_the_difference_is_what_the_model_says(part: int, seed: int) -> None:
    for turn in range(10):
        check(Random(f"{part} {seed} {turn}"))


def check(random: Random) -> None:
    before = model(random)
    after = change(random, before)
    hours = random.choice((0.0, 0.0, 1.0, 2.5))
    then, now = before.triples(hours), after.triples(hours)
    at = NOW + timedelta(hours=hours)
    old, new = before.access(), after.access()
    found = {
        (member, code, place)
        for member, held in effective(new, at).items()
        for place in new.paths
        for code in held.at(place, new.paths)
    } | {
        (member, code, key("n", 0))
        for member, held in effective(new, at).items()
        for code in held.whole
    }
    assert found == now
    assert spelled_out(differences(old, new, at), new) == (now - then, then - now)
