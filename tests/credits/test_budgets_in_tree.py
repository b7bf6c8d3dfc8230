"""Who manages budgets where, and what becomes of them when the tree changes."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.common.actors import Actor
from apps.common.errors import NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.credits.services import (
    budget_close,
    budgets_begin_period,
    hold_release,
)
from apps.events.drain import drain_once as deliver
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.selectors import root_organization
from apps.organizations.services import (
    binding_create,
    organization_archive,
    organization_delete,
    organization_move,
    organization_restore,
)
from apps.roles.models import Role
from tests.conftest import World
from tests.credits.budgets import left, of_, set_, transfer
from tests.credits.conftest import Tree
from tests.credits.support import (
    SYSTEM,
    assert_sound,
    balance,
    branch,
    debit,
    grant,
    hold,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


@pytest.fixture
def manager(tree: Tree, world: World) -> Actor:
    """bob manages Sales, and only Sales."""
    return manager_of(tree.sales, world)


def manager_of(organization: Organization, world: World) -> Actor:
    bob = Member.objects.get(person_id=world.bob.id)
    RoleBinding.objects.filter(member=bob).delete()
    binding_create(
        actor=SYSTEM,
        member_id=bob.id,
        role_id=Role.objects.get(code="admin").id,
        organization_id=organization.id,
    )
    return actor_for(world.bob)


def test_who_manages_an_organization_manages_the_budgets_below_it(
    tree: Tree, manager: Actor
) -> None:
    grant(1000)
    # Without a budget of Sales, what is below it would be allocated from the wallet.
    with pytest.raises(PermissionDenied):
        set_(tree.west, 10, manager)
    set_(tree.sales, 500)
    set_(tree.support, 100)
    refused: list[Callable[[], Any]] = [
        lambda: set_(tree.sales, 600, manager),
        lambda: set_(tree.sales, 400, manager),
        lambda: set_(tree.sales, 500, manager, is_hard=False),
        lambda: budget_close(actor=manager, organization_id=tree.sales.id),
        lambda: transfer(tree.root, tree.sales, 1, actor=manager),
        lambda: transfer(tree.sales, tree.root, 1, actor=manager),
    ]
    for act in refused:
        with pytest.raises((PermissionDenied, NotFound)):
            act()
    # Of what lies elsewhere they do not know that it is there.
    for act in (
        lambda: set_(tree.support, 10, manager),
        lambda: transfer(tree.sales, tree.support, 1, actor=manager),
        lambda: transfer(tree.support, tree.sales, 1, actor=manager),
    ):
        with pytest.raises(NotFound):
            act()
    assert (left(tree.sales), left(tree.support), balance()) == (500, 100, 400)
    set_(tree.west, 100, manager)
    set_(tree.east, 50, manager)
    transfer(tree.sales, tree.west, 20, actor=manager)
    transfer(tree.west, tree.east, 60, actor=manager)
    budget_close(actor=manager, organization_id=tree.west.id)
    assert (left(tree.sales), left(tree.west), left(tree.east)) == (390, 0, 110)
    assert_sound()


def test_members_manage_no_budgets(tree: Tree, world: World) -> None:
    grant(1000)
    bob = actor_for(world.bob)
    with pytest.raises(PermissionDenied):
        set_(tree.sales, 10, bob)
    with pytest.raises(PermissionDenied):
        transfer(tree.root, tree.sales, 1, actor=bob)
    assert balance() == 1000
    assert set_(tree.sales, 10, actor_for(world.alice)).amount_microcredits == 10


def test_another_tenants_organization_is_not_there(tree: Tree, world: World) -> None:
    grant(1000)
    with tenant_context(world.globex):
        theirs = branch(root_organization(), "Sales")
    alice = actor_for(world.alice)
    with pytest.raises(NotFound):
        set_(theirs, 10, alice)
    with pytest.raises(NotFound):
        transfer(tree.root, theirs, 10, actor=alice)
    assert balance() == 1000


def test_an_archived_organization_gives_back_with_what_is_below_it(tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 600)
    set_(tree.west, 200)
    set_(tree.support, 100)
    organization_archive(actor=SYSTEM, organization_id=tree.sales.id)
    deliver()
    assert (balance(), left(tree.sales), left(tree.west), left(tree.support)) == (900, 0, 0, 100)
    assert of_(tree.west).closed_at is not None
    deliver()
    organization_restore(actor=SYSTEM, organization_id=tree.sales.id)
    deliver()
    assert of_(tree.sales).closed_at is not None
    debit(1, organization_id=tree.west.id)
    assert balance() == 899
    assert_sound()


def test_only_what_is_archived_gives_back(tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 600)
    set_(tree.west, 200)
    organization_archive(actor=SYSTEM, organization_id=tree.west.id)
    deliver()
    assert (balance(), left(tree.sales), left(tree.west)) == (400, 600, 0)
    # Archived, restored before the handler came: nothing is closed.
    set_(tree.east, 100)
    organization_archive(actor=SYSTEM, organization_id=tree.east.id)
    organization_restore(actor=SYSTEM, organization_id=tree.east.id)
    deliver()
    assert left(tree.east) == 100
    assert_sound()


def test_a_deleted_organization_gives_back_to_where_it_came_from(tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 600)
    set_(tree.west, 200)
    held = hold(30, organization_id=tree.west.id).transaction_id
    organization_delete(actor=SYSTEM, organization_id=tree.west.id)
    deliver()
    assert (balance(), left(tree.sales), left(tree.west)) == (400, 570, 0)
    hold_release(actor=SYSTEM, hold_id=held, idempotency_key="r")
    budgets_begin_period()
    assert (left(tree.sales), left(tree.west)) == (600, 0)
    organization_delete(actor=SYSTEM, organization_id=tree.east.id)
    organization_delete(actor=SYSTEM, organization_id=tree.sales.id)
    deliver()
    assert balance() == 1000
    assert_sound()


def test_a_moved_organization_keeps_what_it_has_and_the_chain_follows_the_tree(tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 500)
    set_(tree.support, 300)
    set_(tree.west, 200, is_hard=False)
    organization_move(actor=SYSTEM, organization_id=tree.west.id, parent_id=tree.support.id)
    deliver()
    assert (left(tree.west), left(tree.sales), left(tree.support)) == (200, 300, 300)
    debit(250, organization_id=tree.west.id)
    assert (left(tree.west), left(tree.sales), left(tree.support)) == (0, 300, 250)
    set_(tree.west, 220, is_hard=False)
    assert (left(tree.west), left(tree.support)) == (20, 230)
    assert budget_close(actor=SYSTEM, organization_id=tree.west.id) == 20
    assert left(tree.support) == 250
    assert_sound()
