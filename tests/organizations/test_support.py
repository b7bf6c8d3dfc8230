"""What platform staff do inside a tenant: with a reason, told as events, and nobody gains by it."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations import services
from apps.organizations.models import Group, GroupMembership, Member, Organization, RoleBinding
from apps.roles.models import Role
from apps.tenants.models import Tenant, TenantEvent

pytestmark = pytest.mark.django_db
NOTHING = uuid.UUID(int=0)


@pytest.fixture
def support(staff: Person) -> Actor:
    return Actor.staff(staff.id, staff.email)


@pytest.fixture
def north(owner: Actor, root: Organization) -> Organization:
    return services.organization_create(actor=owner, name="North", parent_id=root.id)


@pytest.fixture
def group(owner: Actor, bob_member: Member, root: Organization) -> Group:
    made = services.local_group_create(actor=owner, name="Leads")
    services.group_members_add(actor=owner, group_id=made.id, member_ids=[bob_member.id])
    services.binding_create(
        actor=owner,
        group_id=made.id,
        role_id=Role.objects.get(code="admin").id,
        organization_id=root.id,
    )
    return made


def last_event() -> tuple[str, str, str, Any]:
    event = OutboxEvent.objects.latest("position")
    return event.name, event.actor_kind, event.actor_label, event.payload["change"]


def last_entry() -> tuple[str, str, str, bool]:
    entry = TenantEvent.objects.latest("created_at")
    return entry.action, entry.reason, entry.actor, entry.is_internal


def test_a_role_is_taken(support: Actor, bob_member: Member) -> None:
    binding = RoleBinding.objects.get(member=bob_member)
    services.support_binding_revoke(actor=support, binding_id=binding.id, reason=" Left the firm ")
    assert not RoleBinding.objects.filter(member=bob_member).exists()
    assert last_event() == (
        "organizations.role_binding_changed",
        "staff",
        "staff@platform.test",
        "taken",
    )
    assert last_entry() == (
        "role_taken",
        f"Member of member {bob_member.id} at Acme: Left the firm",
        "staff@platform.test",
        True,
    )


def test_a_groups_role_is_taken(support: Actor, group: Group) -> None:
    services.support_binding_revoke(
        actor=support, binding_id=group.bindings.get().id, reason="Asked"
    )
    assert not group.bindings.exists()
    assert last_event()[0] == "organizations.group_role_changed"
    assert last_entry()[:2] == ("role_taken", "Administrator of group Leads at Acme: Asked")


def test_the_last_owner_stays(support: Actor, alice_member: Member) -> None:
    binding = RoleBinding.objects.get(member=alice_member, role__code="owner")
    with pytest.raises(Conflict) as refused:
        services.support_binding_revoke(actor=support, binding_id=binding.id, reason="Asked")
    assert refused.value.code == "last_owner"
    assert RoleBinding.objects.filter(id=binding.id).exists()


def test_archived_and_restored(support: Actor, north: Organization, owner: Actor) -> None:
    below = services.organization_create(actor=owner, name="Below", parent_id=north.id)
    found = services.support_organization_archive(
        actor=support, organization_id=north.id, reason="Closed"
    )
    assert found.is_archived
    below.refresh_from_db()
    assert below.archived_with == north.id
    assert last_event()[1:] == ("staff", "staff@platform.test", "archived")
    assert last_entry()[:2] == ("organization_archived", "North: Closed")
    count = TenantEvent.objects.count()
    services.support_organization_archive(actor=support, organization_id=north.id, reason="Again")
    assert TenantEvent.objects.count() == count
    with pytest.raises(Conflict):
        services.support_organization_restore(
            actor=support, organization_id=below.id, reason="Only this"
        )
    found = services.support_organization_restore(
        actor=support, organization_id=north.id, reason="Open again"
    )
    assert not found.is_archived
    below.refresh_from_db()
    assert not below.is_archived
    assert last_event()[1:] == ("staff", "staff@platform.test", "restored")
    assert last_entry()[:2] == ("organization_restored", "North: Open again")


def test_a_group_is_deleted(support: Actor, group: Group) -> None:
    services.support_group_delete(actor=support, group_id=group.id, reason="Made by mistake")
    assert not Group.objects.filter(id=group.id).exists()
    assert not GroupMembership.objects.filter(group_id=group.id).exists()
    assert last_event() == (
        "organizations.group_changed",
        "staff",
        "staff@platform.test",
        "deleted",
    )
    assert last_entry()[:2] == ("group_deleted", "Leads: Made by mistake")


def test_a_group_of_the_directory_is_not(support: Actor, in_acme: None) -> None:
    group = Group.objects.create(display_name="Theirs")
    with pytest.raises(Conflict) as refused:
        services.support_group_delete(actor=support, group_id=group.id, reason="Asked")
    assert refused.value.code == "directory_group"
    assert Group.objects.filter(id=group.id).exists()


Act = Callable[[Actor, uuid.UUID, str], Any]
ACTS: list[tuple[type, Act]] = [
    (
        RoleBinding,
        lambda actor, pk, why: services.support_binding_revoke(
            actor=actor, binding_id=pk, reason=why
        ),
    ),
    (
        Organization,
        lambda actor, pk, why: services.support_organization_archive(
            actor=actor, organization_id=pk, reason=why
        ),
    ),
    (
        Organization,
        lambda actor, pk, why: services.support_organization_restore(
            actor=actor, organization_id=pk, reason=why
        ),
    ),
    (
        Group,
        lambda actor, pk, why: services.support_group_delete(actor=actor, group_id=pk, reason=why),
    ),
]


@pytest.mark.parametrize(("model", "act"), ACTS)
def test_only_for_staff_with_a_reason_in_the_tenant(
    model: Any,
    act: Act,
    support: Actor,
    owner: Actor,
    north: Organization,
    group: Group,
    globex: Tenant,
) -> None:
    pk = north.id if model is Organization else model.objects.earliest("id").id
    before = OutboxEvent.objects.count()
    with pytest.raises(PermissionDenied):
        act(owner, pk, "I am the owner")
    with pytest.raises(InvalidInput):
        act(support, pk, "  ")
    with pytest.raises(NotFound):
        act(support, NOTHING, "Asked")
    with tenant_context(globex), pytest.raises(NotFound):
        act(support, pk, "Asked")
    assert OutboxEvent.objects.count() == before
    assert model.objects.filter(id=pk).exists()
    north.refresh_from_db()
    assert not north.is_archived
