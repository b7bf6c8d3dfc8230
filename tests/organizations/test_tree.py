"""The tree of organizations: creating, renaming, moving with a preview, deleting."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection

from apps.accounts.models import Person
from apps.common.access import allows
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import organizations_for
from apps.organizations.services import (
    binding_create,
    member_move,
    organization_create,
    organization_delete,
    organization_move,
    organization_rename,
)
from apps.roles.models import Role
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_rename

pytestmark = pytest.mark.django_db


@pytest.fixture
def make(owner: Actor, root: Organization) -> Callable[..., Organization]:
    def create(name: str, parent: Organization | None = None) -> Organization:
        return organization_create(actor=owner, name=name, parent_id=(parent or root).id)

    return create


def tree(actor: Actor) -> list[tuple[int, str]]:
    return [(o.depth, o.name) for o in organizations_for(actor)]


def test_the_tree_is_listed_depth_first_with_parents(
    make: Callable, owner: Actor, root: Organization
) -> None:
    sales = make("Sales")
    make("Finance")
    north = make("North", sales)
    assert tree(owner) == [(1, "Acme"), (2, "Sales"), (3, "North"), (2, "Finance")]
    parents = {o.name: o.parent_id for o in organizations_for(owner)}
    assert parents == {"Acme": None, "Sales": root.id, "North": sales.id, "Finance": root.id}
    assert north.depth == 3


def test_moving_changes_who_may_act_and_the_preview_says_so(
    make: Callable,
    owner: Actor,
    bob: Person,
    bob_member: Member,
    role: Callable[[str], Role],
) -> None:
    sales, finance = make("Sales"), make("Finance")
    team = make("Team", sales)
    binding_create(
        actor=owner, member_id=bob_member.id, role_id=role("admin").id, organization_id=finance.id
    )
    assert not allows(actor_for(bob), "organizations.update_organization", team)

    preview = organization_move(
        actor=owner, organization_id=team.id, parent_id=finance.id, dry_run=True
    )
    assert (preview.organizations, preview.access.losing) == (1, [])
    assert [m.email for m in preview.access.gaining] == ["bob@acme.test"]
    assert tree(owner)[2] == (3, "Team")

    done = organization_move(actor=owner, organization_id=team.id, parent_id=finance.id)
    assert replace(done.access, at=preview.access.at) == preview.access
    team.refresh_from_db()
    assert allows(actor_for(bob), "organizations.update_organization", team)
    assert tree(owner) == [(1, "Acme"), (2, "Sales"), (2, "Finance"), (3, "Team")]


def test_cycles_and_the_root_are_refused(make: Callable, owner: Actor, root: Organization) -> None:
    sales = make("Sales")
    north = make("North", sales)
    for what, where, code in (
        (sales, north, "cycle"),
        (sales, sales, "cycle"),
        (root, sales, "root_organization"),
    ):
        with pytest.raises(Conflict) as caught:
            organization_move(actor=owner, organization_id=what.id, parent_id=where.id)
        assert caught.value.code == code
    assert tree(owner) == [(1, "Acme"), (2, "Sales"), (3, "North")]


def test_names_are_unique_among_siblings(make: Callable, owner: Actor) -> None:
    sales = make("Sales")
    make("North", sales)
    make("North")
    with pytest.raises(InvalidInput) as caught:
        make("  sales ")
    assert caught.value.code == "name_taken"
    with pytest.raises(InvalidInput):
        organization_rename(actor=owner, organization_id=sales.id, name="north")
    assert organization_rename(actor=owner, organization_id=sales.id, name="Trade").name == "Trade"


def test_only_empty_organizations_are_deleted(
    make: Callable, owner: Actor, bob_member: Member, root: Organization
) -> None:
    sales = make("Sales")
    north = make("North", sales)
    member_move(actor=owner, member_id=bob_member.id, organization_id=north.id)
    for organization in (root, sales, north):
        with pytest.raises(Conflict):
            organization_delete(actor=owner, organization_id=organization.id)
    member_move(actor=owner, member_id=bob_member.id, organization_id=root.id)
    organization_delete(actor=owner, organization_id=north.id)
    assert tree(owner) == [(1, "Acme"), (2, "Sales")]
    assert Organization.objects.get(id=sales.id).numchild == 0


def test_members_change_nothing(make: Callable, member: Actor, root: Organization) -> None:
    sales = make("Sales")
    for act in (
        lambda: organization_create(actor=member, name="X", parent_id=root.id),
        lambda: organization_rename(actor=member, organization_id=sales.id, name="X"),
        lambda: organization_move(actor=member, organization_id=sales.id, parent_id=root.id),
        lambda: organization_delete(actor=member, organization_id=sales.id),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert tree(member) == [(1, "Acme"), (2, "Sales")]


def test_another_tenants_organization_is_not_found(
    owner: Actor, globex: Tenant, root: Organization
) -> None:
    with tenant_context(globex):
        foreign = Organization.objects.get(depth=1)
    with pytest.raises(NotFound):
        organization_create(actor=owner, name="X", parent_id=foreign.id)
    with pytest.raises(NotFound):
        organization_rename(actor=owner, organization_id=foreign.id, name="Mine")
    with tenant_context(globex):
        assert [o.name for o in Organization.objects.all()] == ["Globex"]


def test_depth_is_limited(make: Callable) -> None:
    parent = None
    for level in range(15):
        parent = make(f"Level {level}", parent)
    with pytest.raises(Conflict) as caught:
        make("Too deep", parent)
    assert caught.value.code == "too_deep"


@pytest.mark.django_db(transaction=True)
def test_concurrent_changes_leave_a_sound_tree(
    owner: Actor, acme: Tenant, root: Organization
) -> None:
    with tenant_context(acme):
        left = organization_create(actor=owner, name="Left", parent_id=root.id)
        right = organization_create(actor=owner, name="Right", parent_id=root.id)
        team = organization_create(actor=owner, name="Team", parent_id=left.id)
    barrier = threading.Barrier(8)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with tenant_context(acme):
                barrier.wait()
                target = (left, right)[number % 2]
                organization_move(actor=owner, organization_id=team.id, parent_id=target.id)
                organization_create(actor=owner, name=f"New {number}", parent_id=team.id)
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with tenant_context(acme):
        assert Organization.objects.find_problems() == ([], [], [], [], [])
        assert Organization.objects.count() == 12


def test_the_root_follows_the_workspaces_name(
    acme: Tenant, owner: Actor, root: Organization
) -> None:
    with pytest.raises(Conflict) as caught:
        organization_rename(actor=owner, organization_id=root.id, name="Mine")
    assert caught.value.code == "root_organization"
    tenant_rename(actor=owner, tenant_id=acme.id, name="Acme Limited")
    drain_once()
    root.refresh_from_db()
    assert root.name == "Acme Limited"
