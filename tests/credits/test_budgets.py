"""Budgets: made, changed, closed, transferred; who may, and what becomes of each credit."""

import uuid
from typing import Any

import pytest

from apps.common.errors import Conflict, IdempotencyConflict, InvalidInput, NotFound
from apps.credits.enums import WALLET_ID, BudgetPeriod, TransactionKind
from apps.credits.errors import AccountFrozen, InsufficientCredits
from apps.credits.models import Budget, Entry, Lot, Transaction
from apps.credits.services import (
    account_freeze,
    budget_close,
    budget_set,
    budgets_begin_period,
    grants_expire,
    hold_release,
)
from apps.events.drain import drain_once as deliver
from apps.organizations.errors import OrganizationArchived
from apps.organizations.models import Organization
from apps.organizations.services import (
    organization_archive,
)
from tests.credits.budgets import events, left, of_, set_, transfer
from tests.credits.conftest import Tree
from tests.credits.support import (
    SYSTEM,
    TRANSLATE,
    assert_sound,
    balance,
    debit,
    grant,
    hold,
    later,
    left_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def test_a_budget_is_allocated_from_the_nearest_above(tree: Tree) -> None:
    grant(1000)
    sales = set_(tree.sales, 600)
    west = set_(tree.west, 200, is_hard=False, period=BudgetPeriod.QUARTER)
    assert (balance(), left(tree.sales), left(tree.west)) == (400, 400, 200)
    assert sales.source_account_id == WALLET_ID
    assert west.source_account_id == sales.account_id
    assert (sales.allocated_microcredits, west.allocated_microcredits) == (600, 200)
    assert sales.period_start == later().date().replace(day=1)
    done = Transaction.objects.filter(kind=TransactionKind.ALLOCATION).order_by("id").last()
    assert done is not None
    assert (done.organization_id, done.amount_microcredits) == (tree.west.id, 200)
    assert done.balance_after_microcredits == 200
    assert events("budget_changed")[1] == {
        "budget_id": str(west.id),
        "organization_id": str(tree.west.id),
        "from_amount_microcredits": None,
        "to_amount_microcredits": 200,
        "from_period": None,
        "to_period": "quarter",
        "from_hard": None,
        "to_hard": False,
        "moved_microcredits": 200,
    }
    assert_sound()


def test_no_more_is_allocated_than_there_is(tree: Tree) -> None:
    grant(2_500_000)
    with pytest.raises(InsufficientCredits, match=r"Acme has 2\.5 credits .* this takes 2\.500001"):
        set_(tree.sales, 2_500_001)
    assert not Budget.objects.exists()
    set_(tree.sales, 1_000_000)
    with pytest.raises(InsufficientCredits, match="Sales has 1 credits"):
        set_(tree.west, 2_000_000)
    assert balance() == 1_500_000
    assert_sound()


def test_what_is_burned_first_is_allocated_first_and_comes_back_last(tree: Tree) -> None:
    endless, soon = grant(100), grant(100, expires_at=later(days=3))
    set_(tree.sales, 150)
    lots = dict(
        Lot.objects.filter(account__organization_id=tree.sales.id).values_list(
            "grant_id", "remaining_microcredits"
        )
    )
    assert lots == {soon.id: 100, endless.id: 50}
    set_(tree.sales, 80)
    assert left(tree.sales) == 80
    assert Lot.objects.get(account_id=WALLET_ID, grant=soon).remaining_microcredits == 20
    assert_sound()


def test_what_the_organization_could_not_spend_is_not_allocated(tree: Tree) -> None:
    grant(100, operations=[TRANSLATE])
    grant(100, organization_ids=[tree.support.id])
    over = grant(100, expires_at=later(days=1))
    type(over).objects.filter(id=over.id).update(
        effective_at=later(days=-2), expires_at=later(seconds=-1)
    )
    of_sales = grant(100, organization_ids=[tree.sales.id], priority=90)
    coming = grant(100, effective_at=later(days=1), priority=0)
    with pytest.raises(InsufficientCredits, match=r"Acme has 0\.0002 credits"):
        set_(tree.west, 201)
    set_(tree.west, 150)
    assert (left_in(of_sales, tree.west), left_in(coming, tree.west)) == (100, 50)
    grants_expire()
    assert_sound()


def left_in(one: Any, of: Organization) -> int:
    return Lot.objects.get(grant=one, account__organization_id=of.id).remaining_microcredits


def test_a_budget_that_is_used_cannot_be_filled_again_by_lowering_and_raising(tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 100)
    debit(70, organization_id=tree.sales.id)
    set_(tree.sales, 50)
    assert (left(tree.sales), of_(tree.sales).allocated_microcredits, balance()) == (0, 70, 930)
    set_(tree.sales, 100)
    assert (left(tree.sales), of_(tree.sales).allocated_microcredits, balance()) == (30, 100, 900)
    assert [one["moved_microcredits"] for one in events("budget_changed")] == [100, -30, 30]
    assert_sound()


def test_what_is_so_already_is_not_done_again(tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 100)
    set_(tree.sales, 100)
    assert balance() == 900
    assert len(events("budget_changed")) == 1
    assert of_(tree.sales).is_hard
    set_(tree.sales, 100, is_hard=False)
    assert not of_(tree.sales).is_hard
    assert [e["moved_microcredits"] for e in events("budget_changed")] == [100, 0]


def test_what_makes_no_sense_is_refused(tree: Tree) -> None:
    grant(1000)
    with pytest.raises(InvalidInput, match="from 0 to"):
        set_(tree.sales, -1)
    with pytest.raises(InvalidInput):
        set_(tree.sales, 1, period="week")
    with pytest.raises(Conflict, match="spends what is not allocated"):
        set_(tree.root, 1)
    with pytest.raises(Conflict, match="has no budget"):
        budget_close(actor=SYSTEM, organization_id=tree.sales.id)
    with pytest.raises(NotFound):
        budget_set(actor=SYSTEM, organization_id=uuid.uuid4(), amount_microcredits=1)
    organization_archive(actor=SYSTEM, organization_id=tree.sales.id)
    with pytest.raises(OrganizationArchived):
        set_(tree.west, 1)
    assert balance() == 1000


def test_a_hard_budget_of_nothing_lets_nothing_be_spent(tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 0)
    with pytest.raises(InsufficientCredits):
        debit(1, organization_id=tree.west.id)
    set_(tree.sales, 0, is_hard=False)
    debit(1, organization_id=tree.west.id)
    assert_sound()


def test_closing_gives_all_back_and_what_is_below_stays(tree: Tree) -> None:
    one = grant(1000)
    set_(tree.sales, 600)
    set_(tree.west, 200)
    debit(50, organization_id=tree.sales.id)
    assert budget_close(actor=SYSTEM, organization_id=tree.sales.id) == 350
    assert (balance(), left(tree.sales), left(tree.west)) == (750, 0, 200)
    assert events("budget_closed") == [
        {
            "budget_id": str(of_(tree.sales).id),
            "organization_id": str(tree.sales.id),
            "returned_microcredits": 350,
        }
    ]
    debit(1, organization_id=tree.sales.id)
    assert balance() == 749
    # What is below goes back to what is above it now.
    set_(tree.west, 150)
    assert balance() == 799
    assert left_of(one) == 949
    set_(tree.sales, 100)
    assert (of_(tree.sales).allocated_microcredits, of_(tree.sales).closed_at) == (100, None)
    assert_sound()


def test_what_comes_back_to_a_closed_budget_goes_upwards(tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 600)
    set_(tree.west, 200)
    held = hold(80, organization_id=tree.west.id).transaction_id
    assert budget_close(actor=SYSTEM, organization_id=tree.west.id) == 120
    hold_release(actor=SYSTEM, hold_id=held, idempotency_key="r")
    assert left(tree.west) == 80
    budgets_begin_period()
    assert (left(tree.west), left(tree.sales), balance()) == (0, 600, 400)
    assert_sound()


def test_transfers(tree: Tree) -> None:
    grant(1000)
    for one, amount in ((tree.sales, 500), (tree.west, 200), (tree.support, 100)):
        set_(one, amount)
    done = transfer(tree.west, tree.support, 50, "t")
    assert transfer(tree.west, tree.support, 50, "t").id == done.id
    with pytest.raises(IdempotencyConflict):
        transfer(tree.west, tree.support, 51, "t")
    assert (left(tree.west), left(tree.support), left(tree.sales)) == (150, 150, 300)
    # What it is allocated counts with what is below it.
    allocated = [of_(o).allocated_microcredits for o in (tree.sales, tree.west, tree.support)]
    assert allocated == [450, 150, 150]
    assert of_(tree.west).amount_microcredits == 200
    transfer(tree.sales, tree.west, 100)
    assert of_(tree.sales).allocated_microcredits == 450
    transfer(tree.root, tree.support, 100)
    assert (balance(), left(tree.support)) == (300, 250)
    transfer(tree.support, tree.root, 30)
    assert (balance(), of_(tree.support).allocated_microcredits) == (330, 220)
    assert events("budget_transferred")[0] == {
        "transaction_id": str(done.id),
        "from_organization_id": str(tree.west.id),
        "to_organization_id": str(tree.support.id),
        "amount_microcredits": 50,
    }
    assert_sound()


def test_without_a_period_the_amount_changes_with_a_transfer(tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 500, period=BudgetPeriod.NONE)
    set_(tree.support, 100)
    transfer(tree.sales, tree.support, 200)
    assert of_(tree.sales).amount_microcredits == 300
    assert of_(tree.support).amount_microcredits == 100
    set_(tree.sales, 300, period=BudgetPeriod.NONE)
    assert left(tree.sales) == 300


def test_no_more_is_transferred_than_there_is_and_only_what_is_good_there(tree: Tree) -> None:
    grant(300, organization_ids=[tree.sales.id], priority=1)
    grant(700)
    set_(tree.sales, 400)
    set_(tree.support, 100)
    with pytest.raises(InsufficientCredits, match=r"Sales has 0\.0001 credits"):
        transfer(tree.sales, tree.support, 101)
    with pytest.raises(Conflict, match="West has no budget"):
        transfer(tree.sales, tree.west, 1)
    with pytest.raises(InvalidInput):
        transfer(tree.sales, tree.sales, 1)
    transfer(tree.sales, tree.support, 100)
    assert (left(tree.sales), left(tree.support)) == (300, 200)
    assert_sound()


def test_nothing_moves_from_or_to_what_is_frozen(tree: Tree) -> None:
    grant(1000)
    account_id = set_(tree.sales, 400).account_id
    set_(tree.support, 100)
    account_freeze(actor=SYSTEM, is_frozen=True, reason="Fraud", account_id=account_id)
    for act in (
        lambda: set_(tree.sales, 300),
        lambda: budget_close(actor=SYSTEM, organization_id=tree.sales.id),
        lambda: transfer(tree.sales, tree.support, 1),
        lambda: transfer(tree.support, tree.sales, 1),
        lambda: set_(tree.west, 10),
    ):
        with pytest.raises(AccountFrozen):
            act()
    # Who archives it closes the budget, but does not get hold of what is frozen.
    organization_archive(actor=SYSTEM, organization_id=tree.sales.id)
    deliver()
    assert of_(tree.sales).closed_at is not None
    assert left(tree.sales) == 400
    budgets_begin_period()
    assert left(tree.sales) == 400
    account_freeze(actor=SYSTEM, is_frozen=False, reason="Cleared", account_id=account_id)
    budgets_begin_period()
    assert (left(tree.sales), balance()) == (0, 900)
    assert_sound()


def test_every_move_has_two_sides(tree: Tree) -> None:
    grant(1000)
    account_id = set_(tree.sales, 600).account_id
    set_(tree.sales, 500)
    moves = Entry.objects.filter(transaction__kind__in=["allocation", "deallocation"])
    assert list(
        moves.order_by("transaction_id").values_list(
            "debited_account_id", "credited_account_id", "amount_microcredits"
        )
    ) == [(WALLET_ID, account_id, 600), (account_id, WALLET_ID, 100)]
