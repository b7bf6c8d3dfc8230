"""What a preview says is what then changes, asked of the gate itself; and how much it costs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any
from unittest import mock

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.common.access import decide, permissions
from apps.common.actors import Actor
from apps.common.errors import Conflict, NotFound, PermissionDenied
from apps.common.ids import uuid7
from apps.organizations.actors import actor_for, actor_of_member
from apps.organizations.models import Group, GroupMembership, Member, Organization, RoleBinding
from apps.organizations.previews import SHOWN, AccessPreview
from apps.organizations.services import (
    binding_create,
    binding_delete,
    binding_end,
    group_member_remove,
    group_members_add,
    local_group_create,
    local_group_delete,
    organization_create,
    organization_move,
    role_retire,
)
from apps.roles.models import Role
from apps.roles.services import role_create
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db
SCOPED = ("organizations.view_member", "organizations.invite_member", "roles.bind_role")
WHOLE = ("roles.view_role", "organizations.view_group")
HOUR = timedelta(hours=1)
Triple = tuple[Any, str, Any]


class Workspace:
    """A random one, in the test's transaction."""

    def __init__(self, random: Random, root: Organization) -> None:
        self.random = random
        self.nodes = [root]
        for number in range(random.randint(1, 5)):
            parent = random.choice(self.nodes)
            self.nodes.append(
                organization_create(actor=SYSTEM, name=f"Unit {number}", parent_id=parent.id)
            )
        self.members = [
            Member.objects.create(
                person_id=uuid7(),
                email=f"m{number}@acme.test",
                name=f"M{number}",
                organization=root,
            )
            for number in range(3)
        ]
        self.roles = [
            role_create(
                actor=SYSTEM,
                name=f"Role {number}",
                permission_codes=random.sample(SCOPED + WHOLE, random.randint(1, 4)),
            )
            for number in range(3)
        ]
        self.groups = [local_group_create(actor=SYSTEM, name=f"G{number}") for number in range(2)]
        for group in self.groups:
            for member in random.sample(self.members, random.randint(0, 3)):
                GroupMembership.objects.create(group=group, member=member)
        now = timezone.now()
        for _ in range(random.randint(1, 7)):
            starts, ends = random.choice(
                ((None, None), (None, None), (None, 2), (1, None), (1, 3), (-3, -1), (-1, 1))
            )
            holder = random.choice([*self.members, *self.groups])
            RoleBinding.objects.get_or_create(
                member=holder if isinstance(holder, Member) else None,
                group=holder if isinstance(holder, Group) else None,
                role=random.choice(self.roles),
                organization=random.choice(self.nodes),
                defaults={
                    "starts_at": None if starts is None else now + starts * HOUR,
                    "ends_at": None if ends is None else now + ends * HOUR,
                },
            )
        self.bindings = list(RoleBinding.objects.filter(role__in=self.roles))

    def holds(self, at: datetime) -> set[Triple]:
        """Who may do what where at a moment, by asking for each."""
        found: set[Triple] = set()
        with mock.patch.object(timezone, "now", return_value=at):
            nodes = list(Organization.objects.all())
            for member in Member.objects.all():
                actor = actor_of_member(member.id)
                assert actor is not None
                for permission in permissions().values():
                    for node in nodes:
                        if not permission.scoped and not node.is_root():
                            continue
                        place = node if permission.scoped else None
                        if decide(actor, permission.code, place).allowed:
                            found.add((member.id, permission.code, node.id))
        return found

    def act(self) -> Callable[[bool], AccessPreview | None]:
        """One of the acts that have a preview, on something of this workspace."""
        random = self.random
        binding, role = random.choice(self.bindings), random.choice(self.roles)
        group, member = random.choice(self.groups), random.choice(self.members)
        node, place = random.choice(self.nodes), random.choice(self.nodes)
        ends_at = random.choice((None, timezone.now() + random.randint(1, 4) * HOUR))
        return random.choice(
            (
                lambda dry: (
                    organization_move(
                        actor=SYSTEM, organization_id=node.id, parent_id=place.id, dry_run=dry
                    ).access
                ),
                lambda dry: binding_delete(actor=SYSTEM, binding_id=binding.id, dry_run=dry),
                lambda dry: binding_end(
                    actor=SYSTEM, binding_id=binding.id, ends_at=ends_at, dry_run=dry
                )[1],
                lambda dry: role_retire(
                    actor=SYSTEM, role_id=role.id, with_bindings=True, dry_run=dry
                ),
                lambda dry: local_group_delete(actor=SYSTEM, group_id=group.id, dry_run=dry),
                lambda dry: group_member_remove(
                    actor=SYSTEM, group_id=group.id, member_id=member.id, dry_run=dry
                ),
                lambda dry: group_members_add(
                    actor=SYSTEM, group_id=group.id, member_ids=[member.id], dry_run=dry
                ),
            )
        )


def spelled_out(preview: AccessPreview) -> tuple[set[Triple], set[Triple]]:
    """The effects as the sets that they stand for, in the tree of after the act."""
    gained: set[Triple] = set()
    lost: set[Triple] = set()
    paths = dict(Organization.objects.values_list("id", "path"))
    for effect in preview.effects:
        top = paths[effect.organization.id]
        inside = {one for one, path in paths.items() if path.startswith(top)}
        if effect.is_whole:
            inside = {effect.organization.id}
        for other in effect.but:
            inside -= {one for one, path in paths.items() if path.startswith(paths[other.id])}
        assert len(inside) == effect.organizations
        who = effect.member.id
        gained |= {(who, one.code, place) for one in effect.gained for place in inside}
        lost |= {(who, one.code, place) for one in effect.lost for place in inside}
    return gained, lost


@settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(0, 2**63))
def test_what_a_preview_says_is_what_changes(root: Organization, seed: int) -> None:
    with transaction.atomic():
        workspace = Workspace(Random(seed), root)
        act = workspace.act()
        try:
            preview = act(True)
        except Conflict:
            # A cycle, the root, a binding that has ended.
            transaction.set_rollback(True)
            return
        assert preview is not None
        before = workspace.holds(preview.at)
        act(False)
        after = workspace.holds(preview.at)
        assert spelled_out(preview) == (after - before, before - after)
        assert {one.id for one in preview.gaining} == {who for who, *_ in after - before}
        assert {one.id for one in preview.losing} == {who for who, *_ in before - after}
        transaction.set_rollback(True)


@pytest.fixture
def crowd(owner: Actor, root: Organization, role: Callable[[str], Role]) -> Group:
    """A group of 300 that is administrator."""
    group = local_group_create(actor=owner, name="Crowd")
    members = Member.objects.bulk_create(
        Member(
            person_id=uuid7(), email=f"p{number}@acme.test", name=f"P{number}", organization=root
        )
        for number in range(300)
    )
    GroupMembership.objects.bulk_create(
        GroupMembership(group=group, member=member) for member in members
    )
    RoleBinding.objects.create(group=group, role=role("admin"), organization=root)
    return group


def test_the_cost_and_the_length_are_bounded(owner: Actor, crowd: Group) -> None:
    with CaptureQueriesContext(connection) as captured:
        preview = local_group_delete(actor=owner, group_id=crowd.id, dry_run=True)
    assert preview is not None
    assert (preview.losing_count, len(preview.losing)) == (300, SHOWN)
    # What is about the whole workspace, and what is about organizations.
    assert (preview.effect_count, len(preview.effects), preview.unlisted) == (600, SHOWN, 400)
    assert preview.effects[0].member.name == "P0"
    statements = [one["sql"] for one in captured if not one["sql"].startswith(("SAVE", "RELEASE"))]
    assert len(statements) == 6, statements


def test_whom_one_does_not_see_is_counted_only(
    owner: Actor, crowd: Group, bob: Any, bob_member: Member, root: Organization
) -> None:
    """Who moves an organization sees no members outside of where they may see them."""
    branch = organization_create(actor=owner, name="Branch", parent_id=root.id)
    other = organization_create(actor=owner, name="Other", parent_id=root.id)
    RoleBinding.objects.filter(group=crowd).update(organization=other)
    RoleBinding.objects.filter(member=bob_member).delete()
    mover = role_create(
        actor=owner,
        name="Mover",
        permission_codes=["organizations.move_organization", "organizations.view_organization"],
    )
    binding_create(actor=owner, member_id=bob_member.id, role_id=mover.id, organization_id=root.id)
    preview = organization_move(
        actor=actor_for(bob), organization_id=branch.id, parent_id=other.id, dry_run=True
    ).access
    assert (preview.gaining_count, preview.gaining, preview.effects) == (300, [], [])


def test_a_role_that_is_held_goes_only_when_that_is_said(
    owner: Actor, bob: Any, bob_member: Member, root: Organization
) -> None:
    role = role_create(actor=owner, name="Inviter", permission_codes=[SCOPED[1]])
    binding_create(actor=owner, member_id=bob_member.id, role_id=role.id, organization_id=root.id)
    with pytest.raises(Conflict) as refused:
        role_retire(actor=owner, role_id=role.id)
    assert refused.value.code == "role_in_use"
    with pytest.raises(PermissionDenied):
        role_retire(actor=actor_for(bob), role_id=role.id, with_bindings=True)
    with pytest.raises(Conflict) as refused:
        role_retire(actor=owner, role_id=Role.objects.get(code="member").id, with_bindings=True)
    assert refused.value.code == "system_role"
    assert Role.objects.filter(id=role.id).exists()
    preview = role_retire(actor=owner, role_id=role.id, dry_run=True)
    assert [one.email for one in preview.losing] == ["bob@acme.test"]
    assert [one.code for one in preview.effects[0].lost] == [SCOPED[1]]
    assert role_retire(actor=owner, role_id=role.id, with_bindings=True).losing == preview.losing
    assert not Role.objects.filter(id=role.id).exists()
    assert [grant.role for grant in actor_for(bob).grants] == ["member"]
    with pytest.raises(NotFound):
        role_retire(actor=owner, role_id=role.id)
