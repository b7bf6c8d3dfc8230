"""Groups that are made here: who may fill them, and what being in one gives."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Person
from apps.common.access import allows
from apps.common.actors import Actor
from apps.common.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ReauthenticationRequired,
)
from apps.common.proofs import Proof
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.enums import MemberStatus
from apps.organizations.models import Group, GroupMembership, Member, Organization, RoleBinding
from apps.organizations.services import (
    binding_create,
    binding_delete,
    group_change,
    group_delete,
    group_member_remove,
    group_members_add,
    local_group_create,
    local_group_delete,
    local_group_rename,
    member_join,
    member_update_status,
    organization_create,
)
from apps.roles.models import Role
from apps.roles.services import role_create
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db
UPDATE = "organizations.update_member"


@pytest.fixture
def lisbon(owner: Actor, root: Organization) -> Organization:
    return organization_create(actor=owner, name="Lisbon", parent_id=root.id)


@pytest.fixture
def admins(
    owner: Actor, lisbon: Organization, role: Callable[[str], Role], bob_member: Member
) -> Group:
    """A group that is administrator in Lisbon, with bob in it."""
    group = local_group_create(actor=owner, name="Lisbon admins")
    binding_create(
        actor=owner, group_id=group.id, role_id=role("admin").id, organization_id=lisbon.id
    )
    group_members_add(actor=owner, group_id=group.id, member_ids=[bob_member.id])
    return group


def told(name: str) -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(name=f"organizations.{name}").order_by("id")
    return [{k: v for k, v in row.payload.items() if not k.endswith("_id")} for row in rows]


def test_who_is_in_a_group_holds_what_it_holds(
    owner: Actor, bob: Person, bob_member: Member, admins: Group, lisbon: Organization
) -> None:
    actor = actor_for(bob)
    assert allows(actor, UPDATE, lisbon)
    assert not allows(actor, UPDATE)
    grant = actor.grants[1]
    assert (grant.role, grant.group, grant.group_id) == ("admin", "Lisbon admins", admins.id)
    assert grant.binding_id == RoleBinding.objects.get(group=admins).id
    group_member_remove(actor=owner, group_id=admins.id, member_id=bob_member.id)
    assert not allows(actor_for(bob), UPDATE, lisbon)
    assert told("group_changed") == [
        {"name": "Lisbon admins", "change": "created", "added": 0, "removed": 0},
        {"name": "Lisbon admins", "change": "members", "added": 1, "removed": 0},
        {"name": "Lisbon admins", "change": "members", "added": 0, "removed": 1},
    ]
    assert told("group_role_changed") == [
        {"group": "Lisbon admins", "role": "admin", "change": "given"}
    ]


def test_an_actor_costs_one_statement_however_they_hold(bob: Person, admins: Group) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert len(actor_for(bob).grants) == 2
    assert len(captured) == 1


def test_a_binding_is_of_one_holder(
    admins: Group, bob_member: Member, root: Organization, owner: Actor, role: Any
) -> None:
    for holders in ({}, {"member": bob_member, "group": admins}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleBinding.objects.create(role=role("admin"), organization=root, **holders)
    with pytest.raises(IntegrityError), transaction.atomic():
        GroupMembership.objects.create(group=admins)
    ids = {"role_id": role("admin").id, "organization_id": root.id}
    for holders in ({}, {"member_id": bob_member.id, "group_id": admins.id}):
        with pytest.raises(InvalidInput):
            binding_create(actor=owner, **ids, **holders)


def test_deleting_a_group_takes_what_it_held(
    owner: Actor, bob: Person, admins: Group, lisbon: Organization
) -> None:
    local_group_delete(actor=owner, group_id=admins.id)
    assert [grant.role for grant in actor_for(bob).grants] == ["member"]
    assert not RoleBinding.objects.filter(organization=lisbon).exists()
    with pytest.raises(NotFound):
        local_group_delete(actor=owner, group_id=admins.id)


def test_names(owner: Actor, admins: Group) -> None:
    Group.objects.create(display_name="Engineering")
    # The provider's names are no obstacle.
    made = local_group_create(actor=owner, name=" engineering ")
    assert made.display_name == "engineering"
    for name in ("LISBON  admins", "", " ", "a\x07b", "x" * 256):
        for act in (
            lambda name=name: local_group_create(actor=owner, name=name),
            lambda name=name: local_group_rename(actor=owner, group_id=made.id, name=name),
        ):
            with pytest.raises(InvalidInput) as refused:
                act()
            assert refused.value.errors[0].attr == "name"
    renamed = local_group_rename(actor=owner, group_id=made.id, name="R&D")
    assert renamed.display_name == "R&D"
    assert Group.objects.count() == 3


def test_groups_of_the_directory_are_not_changed_here(
    owner: Actor, bob_member: Member, admins: Group
) -> None:
    theirs = Group.objects.create(display_name="Engineering")
    member = bob_member.id
    for act in (
        lambda: local_group_rename(actor=owner, group_id=theirs.id, name="x"),
        lambda: local_group_delete(actor=owner, group_id=theirs.id),
        lambda: group_members_add(actor=owner, group_id=theirs.id, member_ids=[member]),
        lambda: group_member_remove(actor=owner, group_id=theirs.id, member_id=member),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "directory_group"
    # Nor ours by the directory.
    for act in (
        lambda: group_change(actor=owner, group_id=admins.id, change=lambda group, _ids: group),
        lambda: group_delete(actor=owner, group_id=admins.id),
    ):
        with pytest.raises(NotFound):
            act()
    assert Group.objects.count() == 2
    assert admins.memberships.count() == 1


def test_nobody_fills_a_group_that_holds_more_than_they_do(
    owner: Actor,
    bob: Person,
    bob_member: Member,
    alice_member: Member,
    root: Organization,
    role: Callable[[str], Role],
) -> None:
    group = local_group_create(actor=owner, name="Admins")
    binding_create(
        actor=owner, group_id=group.id, role_id=role("admin").id, organization_id=root.id
    )
    keeper = role_create(
        actor=owner,
        name="Keeper of groups",
        permission_codes=[
            "organizations.manage_group",
            "organizations.view_group",
            "organizations.view_member",
            "roles.bind_role",
        ],
    )
    binding_create(actor=owner, member_id=bob_member.id, role_id=keeper.id, organization_id=root.id)
    bobs = actor_for(bob)
    for act in (
        lambda: group_members_add(actor=bobs, group_id=group.id, member_ids=[bob_member.id]),
        lambda: group_member_remove(actor=bobs, group_id=group.id, member_id=alice_member.id),
        lambda: local_group_delete(actor=bobs, group_id=group.id),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert not group.memberships.exists()
    empty = local_group_create(actor=bobs, name="Readers")
    group_members_add(actor=bobs, group_id=empty.id, member_ids=[bob_member.id])
    with pytest.raises(PermissionDenied):
        binding_create(
            actor=bobs, group_id=empty.id, role_id=role("admin").id, organization_id=root.id
        )
    assert not empty.bindings.exists()


def test_plain_members_change_no_group(member: Actor, bob_member: Member, admins: Group) -> None:
    for act in (
        lambda: local_group_create(actor=member, name="Mine"),
        lambda: local_group_rename(actor=member, group_id=admins.id, name="Mine"),
        lambda: local_group_delete(actor=member, group_id=admins.id),
        lambda: group_members_add(actor=member, group_id=admins.id, member_ids=[bob_member.id]),
        lambda: group_member_remove(actor=member, group_id=admins.id, member_id=bob_member.id),
    ):
        with pytest.raises(PermissionDenied):
            act()
    admins.refresh_from_db()
    assert (admins.display_name, admins.memberships.count()) == ("Lisbon admins", 1)


def test_only_active_members_who_are_seen_come_in(
    owner: Actor, admins: Group, bob_member: Member, globex: Tenant
) -> None:
    with tenant_context(globex):
        charlie = Member.objects.get()
    member_update_status(actor=owner, member_id=bob_member.id, status=MemberStatus.DEACTIVATED)
    group = local_group_create(actor=owner, name="New")
    for ids in ([charlie.id], [bob_member.id], [], [charlie.id] * 201):
        with pytest.raises(InvalidInput):
            group_members_add(actor=owner, group_id=group.id, member_ids=ids)
    assert not group.memberships.exists()


def test_another_tenants_group_is_not_found(owner: Actor, globex: Tenant, root: Any) -> None:
    with tenant_context(globex):
        theirs = local_group_create(actor=SYSTEM, name="Theirs")
    for act in (
        lambda: local_group_rename(actor=owner, group_id=theirs.id, name="Mine"),
        lambda: local_group_delete(actor=owner, group_id=theirs.id),
        lambda: binding_create(
            actor=owner,
            group_id=theirs.id,
            role_id=Role.objects.get(code="member").id,
            organization_id=root.id,
        ),
    ):
        with pytest.raises(NotFound):
            act()
    with tenant_context(globex):
        assert Group.objects.get().display_name == "Theirs"


def test_who_leaves_the_workspace_leaves_its_groups(
    owner: Actor, bob: Person, bob_member: Member, admins: Group, root: Organization
) -> None:
    member_update_status(actor=owner, member_id=bob_member.id, status=MemberStatus.REMOVED)
    assert not admins.memberships.exists()
    member_join(actor=owner, person=bob, organization=root, roles=[])
    assert actor_for(bob).grants == ()


def test_who_comes_back_comes_without_groups(
    owner: Actor, bob: Person, bob_member: Member, admins: Group, root: Organization
) -> None:
    member_update_status(actor=owner, member_id=bob_member.id, status=MemberStatus.DEACTIVATED)
    member_join(actor=owner, person=bob, organization=root, roles=[])
    assert actor_for(bob).grants == ()


def test_owners_through_a_group_are_owners_but_none_that_remains(
    owner: Actor,
    bob: Person,
    bob_member: Member,
    alice_member: Member,
    root: Organization,
    role: Callable[[str], Role],
) -> None:
    group = local_group_create(actor=owner, name="Owners")
    ids = {"role_id": role("owner").id, "organization_id": root.id}
    stale = replace(owner, proof=Proof())
    with pytest.raises(ReauthenticationRequired):
        binding_create(actor=stale, group_id=group.id, **ids)
    binding_create(actor=owner, group_id=group.id, **ids)
    with pytest.raises(ReauthenticationRequired):
        group_members_add(actor=stale, group_id=group.id, member_ids=[bob_member.id])
    group_members_add(actor=owner, group_id=group.id, member_ids=[bob_member.id])
    bobs = actor_for(bob)
    assert allows(bobs, "organizations.delete_organization")
    own = RoleBinding.objects.get(member=alice_member)
    for act in (
        lambda: binding_delete(actor=bobs, binding_id=own.id),
        lambda: member_update_status(
            actor=bobs, member_id=alice_member.id, status=MemberStatus.DEACTIVATED
        ),
        lambda: member_update_status(
            actor=bobs, member_id=alice_member.id, status=MemberStatus.REMOVED
        ),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "last_owner"
    # Nobody but an owner touches who is one through a group.
    admin = replace(SYSTEM, kind=owner.kind, grants=())
    with pytest.raises(PermissionDenied):
        member_update_status(actor=admin, member_id=bob_member.id, status=MemberStatus.DEACTIVATED)
    local_group_delete(actor=owner, group_id=group.id)
    assert not allows(actor_for(bob), "organizations.delete_organization")


@pytest.mark.django_db(transaction=True)
def test_the_last_owner_stays_while_another_becomes_one_for_a_time(
    owner: Actor,
    bob: Person,
    bob_member: Member,
    alice_member: Member,
    acme: Tenant,
    root: Organization,
    role: Callable[[str], Role],
) -> None:
    """Two owners for good: one gets an end while the other goes. One of both acts is refused."""
    given = binding_create(
        actor=owner, member_id=bob_member.id, role_id=role("owner").id, organization_id=root.id
    )
    own = RoleBinding.objects.get(member=alice_member)
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def work(binding: RoleBinding) -> None:
        try:
            with tenant_context(acme):
                barrier.wait()
                binding_delete(actor=SYSTEM, binding_id=binding.id)
                outcomes.append("done")
        except Conflict as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(one,)) for one in (own, given)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "last_owner"]
    assert RoleBinding.objects.filter(role__code="owner").count() == 1
