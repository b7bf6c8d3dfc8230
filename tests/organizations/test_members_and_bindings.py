"""Members, their roles, and the rules that keep a workspace governable."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from apps.accounts.models import Person
from apps.accounts.selectors import is_member
from apps.accounts.services import person_update
from apps.common.access import allows
from apps.common.actors import Actor
from apps.common.errors import Conflict, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.events.models import Handling
from apps.events.replaying import handling_replay
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.selectors import member_for, members_for
from apps.organizations.services import (
    binding_create,
    binding_delete,
    member_move,
    member_update_status,
    organization_create,
)
from apps.roles.models import Role
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_resume, tenant_suspend
from tests.conftest import SYSTEM, make_tenant

pytestmark = pytest.mark.django_db


def test_roles_of_the_demo_world(owner: Actor, member: Actor) -> None:
    assert allows(owner, "organizations.remove_member")
    assert not allows(member, "organizations.remove_member")
    assert allows(member, "organizations.view_member")


def test_a_person_of_another_tenant_is_no_actor_here(charlie: Person, in_acme: None) -> None:
    with pytest.raises(NotFound):
        actor_for(charlie)


def test_the_actor_costs_one_statement(
    alice: Person, in_acme: None, django_assert_num_queries: Callable
) -> None:
    Organization.objects.count()
    with django_assert_num_queries(1):
        actor = actor_for(alice)
        allows(actor, "organizations.invite_member")
        allows(actor, "roles.manage_role")


def test_removing_takes_roles_and_entry_at_once(
    owner: Actor, bob: Person, bob_member: Member, acme: Tenant
) -> None:
    member_update_status(actor=owner, member_id=bob_member.id, status="removed")
    assert not is_member(bob.id, acme.id)
    assert RoleBinding.objects.filter(member=bob_member).count() == 0
    with pytest.raises(NotFound):
        member_for(owner, bob_member.id)
    with pytest.raises(NotFound):
        actor_for(bob)


def test_deactivating_keeps_roles_for_the_way_back(
    owner: Actor, bob: Person, bob_member: Member, acme: Tenant
) -> None:
    member_update_status(actor=owner, member_id=bob_member.id, status="deactivated")
    assert not is_member(bob.id, acme.id)
    with pytest.raises(NotFound):
        actor_for(bob)
    member_update_status(actor=owner, member_id=bob_member.id, status="active")
    assert is_member(bob.id, acme.id)
    assert [g.role for g in actor_for(bob).grants] == ["member"]


def test_a_member_may_leave_but_not_remove_others(
    member: Actor, bob: Person, bob_member: Member, alice_member: Member
) -> None:
    with pytest.raises(PermissionDenied):
        member_update_status(actor=member, member_id=alice_member.id, status="removed")
    member_update_status(actor=member, member_id=bob_member.id, status="removed")
    with pytest.raises(NotFound):
        actor_for(bob)


def test_the_last_owner_stays(
    owner: Actor, alice: Person, alice_member: Member, role: Callable[[str], Role]
) -> None:
    for status in ("removed", "deactivated"):
        with pytest.raises(Conflict) as caught:
            member_update_status(actor=owner, member_id=alice_member.id, status=status)
        assert caught.value.code == "last_owner"
    with pytest.raises(Conflict) as caught:
        binding_delete(actor=owner, binding_id=alice_member.bindings.get().id)
    assert caught.value.code == "last_owner"
    assert [g.role for g in actor_for(alice).grants] == ["owner"]


def test_an_admin_does_not_touch_an_owner(
    owner: Actor,
    bob: Person,
    bob_member: Member,
    alice_member: Member,
    root: Organization,
    role: Callable[[str], Role],
) -> None:
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=role("admin").id, organization_id=root.id
    )
    admin = actor_for(bob)
    with pytest.raises(PermissionDenied):
        member_update_status(actor=admin, member_id=alice_member.id, status="deactivated")
    with pytest.raises(PermissionDenied):
        binding_delete(actor=admin, binding_id=alice_member.bindings.get().id)
    with pytest.raises(PermissionDenied):
        binding_create(
            actor=admin, member_id=bob_member.id, role_id=role("owner").id, organization_id=root.id
        )
    alice_member.refresh_from_db()
    assert (alice_member.status, alice_member.bindings.count()) == ("active", 1)
    assert sorted(g.role for g in actor_for(bob).grants) == ["admin", "member"]


def test_nobody_gives_themselves_more(
    member: Actor, bob_member: Member, root: Organization, role: Callable[[str], Role]
) -> None:
    with pytest.raises(PermissionDenied):
        binding_create(
            actor=member, member_id=bob_member.id, role_id=role("owner").id, organization_id=root.id
        )
    assert [b.role.code for b in bob_member.bindings.all()] == ["member"]


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_remove_each_other_at_once(
    owner: Actor,
    alice: Person,
    bob: Person,
    bob_member: Member,
    alice_member: Member,
    acme: Tenant,
    root: Organization,
    role: Callable[[str], Role],
) -> None:
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=role("owner").id, organization_id=root.id
    )
    actors = [(actor_for(alice), bob_member.id), (actor_for(bob), alice_member.id)]
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def work(actor: Actor, target: object) -> None:
        try:
            with tenant_context(acme):
                barrier.wait()
                member_update_status(actor=actor, member_id=target, status="removed")
                outcomes.append("removed")
        except (Conflict, NotFound) as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["last_owner", "removed"]


def test_members_of_a_branch_see_their_branch(
    owner: Actor, bob: Person, bob_member: Member, root: Organization, role: Callable[[str], Role]
) -> None:
    north = organization_create(actor=owner, name="North", parent_id=root.id)
    binding_delete(actor=owner, binding_id=bob_member.bindings.get().id)
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=role("member").id, organization_id=north.id
    )
    assert [m.email for m in members_for(actor_for(bob))] == []
    member_move(actor=owner, member_id=bob_member.id, organization_id=north.id)
    assert [m.email for m in members_for(actor_for(bob))] == ["bob@acme.test"]
    assert members_for(owner).count() == 2


def test_a_changed_name_reaches_every_workspace(alice: Person, alice_member: Member) -> None:
    with tenant_context(None):
        person_update(actor=Actor.system("tests"), person_id=alice.id, name="Alice Adler")
        drain_once()
    alice_member.refresh_from_db()
    assert alice_member.name == "Alice Adler"


def test_a_workspace_that_is_closed_hears_of_it_when_it_opens(
    alice: Person, alice_member: Member, acme: Tenant
) -> None:
    """And keeps none of the others waiting."""
    with tenant_context(None):
        other = make_tenant("other", alice)
        tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="x")
        person_update(actor=SYSTEM, person_id=alice.id, name="Alice Adler")
        drain_once()
    drain_once()
    with tenant_context(other):
        assert Member.objects.get(person_id=alice.id).name == "Alice Adler"
    alice_member.refresh_from_db()
    assert alice_member.name == "Alice Archer"
    with tenant_context(None):
        (dead,) = Handling.objects.filter(state="dead", handler="organizations.sync_member")
        assert (dead.handler, dead.event.tenant_id) == ("organizations.sync_member", acme.id)
        tenant_resume(actor=SYSTEM, tenant_id=acme.id)
        handling_replay(actor=SYSTEM, handling_id=dead.id)
        drain_once()
    alice_member.refresh_from_db()
    assert alice_member.name == "Alice Adler"
