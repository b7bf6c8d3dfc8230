"""A month or a quarter begins: what is left goes back, and the amount is allocated anew."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest

from apps.credits import periods
from apps.credits.enums import BudgetPeriod, CapPeriod
from apps.credits.models import Account, Budget, Transaction
from apps.credits.services import (
    account_freeze,
    budget_transfer,
    budgets_begin_period,
)
from apps.credits.services import budget_periods as module
from apps.credits.tasks import begin_budget_periods_of
from apps.events.models import OutboxEvent
from apps.organizations.models import Organization
from apps.organizations.services import organization_archive
from apps.tenants.models import Tenant
from tests.credits.budgets import of_, set_
from tests.credits.conftest import Tree
from tests.credits.support import SYSTEM, assert_sound, balance, debit, grant, later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def left(*organizations: Organization) -> list[int]:
    return [
        Account.objects.get(organization_id=one.id).balance_microcredits for one in organizations
    ]


def long_ago(*organizations: Organization) -> None:
    """Their periods began in 2020, and nobody has seen to it since."""
    ids = [one.id for one in organizations]
    found = Budget.objects.filter(organization_id__in=ids) if ids else Budget.objects.all()
    found.update(period_start=date(2020, 1, 1))


def events(name: str) -> list[dict[str, Any]]:
    found = OutboxEvent.objects.filter(name=f"credits.budget_{name}").order_by("id")
    return [one.payload for one in found]


@pytest.mark.parametrize(
    ("period", "day", "start"),
    [
        (BudgetPeriod.MONTH, date(2026, 2, 28), date(2026, 2, 1)),
        (BudgetPeriod.QUARTER, date(2026, 2, 28), date(2026, 1, 1)),
        (BudgetPeriod.QUARTER, date(2026, 12, 1), date(2026, 10, 1)),
        (BudgetPeriod.NONE, date(2026, 2, 28), date(2026, 2, 28)),
        (CapPeriod.DAY, date(2026, 2, 28), date(2026, 2, 28)),
    ],
)
def test_periods_are_of_the_calendar(period: str, day: date, start: date) -> None:
    assert periods.period_start(period, day) == start


def test_a_period_begins_at_midnight_in_utc() -> None:
    began = date(2026, 2, 1)
    last = datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)
    first = datetime(2026, 3, 1, tzinfo=UTC)
    assert periods.begins_now(BudgetPeriod.MONTH, began, last) is None
    assert periods.begins_now(BudgetPeriod.MONTH, began, first) == date(2026, 3, 1)
    assert periods.begins_now(BudgetPeriod.QUARTER, began, first) is None
    assert periods.begins_now(BudgetPeriod.NONE, began, first) is None


def test_each_has_its_amount_again_and_no_more(tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 500)
    set_(tree.west, 200)
    set_(tree.east, 100)
    debit(120, organization_id=tree.west.id)
    debit(50, organization_id=tree.sales.id)
    assert (balance(), *left(tree.sales, tree.west, tree.east)) == (500, 150, 80, 100)
    long_ago()
    assert budgets_begin_period() == 3
    # 170 were used, so that 330 are left beyond the 500 of Sales.
    assert (balance(), *left(tree.sales, tree.west, tree.east)) == (330, 200, 200, 100)
    assert [of_(o).allocated_microcredits for o in (tree.sales, tree.west)] == [500, 200]
    start = later().date().replace(day=1)
    assert of_(tree.sales).period_start == start
    key = f"budget:{of_(tree.sales).id}:{start}"
    assert Transaction.objects.get(idempotency_key=key).amount_microcredits == 170
    assert [e["moved_microcredits"] for e in events("renewed")] == [170, 120, 0]
    assert budgets_begin_period() == 0
    assert not events("underfunded")
    assert_sound()


def test_what_is_beyond_the_amount_goes_back(tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 300)
    set_(tree.support, 100)
    budget_transfer(
        actor=SYSTEM,
        from_organization_id=tree.root.id,
        to_organization_id=tree.sales.id,
        amount_microcredits=200,
        idempotency_key=uuid.uuid4().hex,
    )
    long_ago()
    budgets_begin_period()
    assert (balance(), *left(tree.sales, tree.support)) == (600, 300, 100)
    assert [e["moved_microcredits"] for e in events("renewed")] == [-200, 0]
    assert_sound()


def test_where_there_is_not_enough_it_gets_what_there_is(tree: Tree) -> None:
    grant(500)
    set_(tree.sales, 400)
    set_(tree.west, 150)
    debit(150, organization_id=tree.west.id)
    debit(250, organization_id=tree.sales.id)
    long_ago()
    assert budgets_begin_period() == 2
    assert (balance(), *left(tree.sales, tree.west)) == (0, 0, 100)
    assert events("underfunded") == [
        {
            "budget_id": str(of_(tree.sales).id),
            "organization_id": str(tree.sales.id),
            "amount_microcredits": 400,
            "missing_microcredits": 300,
        },
        {
            "budget_id": str(of_(tree.west).id),
            "organization_id": str(tree.west.id),
            "amount_microcredits": 150,
            "missing_microcredits": 50,
        },
    ]
    # Setting the same again fills up what there is by then, and does not fail.
    grant(250)
    set_(tree.sales, 400)
    assert (balance(), of_(tree.sales).allocated_microcredits) == (0, 350)
    set_(tree.sales, 400, is_hard=False)
    assert_sound()


def test_a_month_within_a_quarter(tree: Tree) -> None:
    """What is below a budget that goes on gives back to it, and gets from it."""
    grant(1000)
    set_(tree.sales, 500, period=BudgetPeriod.QUARTER)
    set_(tree.west, 100)
    set_(tree.east, 100, period=BudgetPeriod.NONE)
    debit(40, organization_id=tree.west.id)
    debit(40, organization_id=tree.east.id)
    long_ago(tree.west, tree.east)
    assert budgets_begin_period() == 1
    assert (balance(), *left(tree.sales, tree.west, tree.east)) == (500, 260, 100, 60)
    # Below one that goes on, nothing counts for those above it.
    long_ago(tree.sales)
    Budget.objects.filter(organization_id=tree.sales.id).update(period=BudgetPeriod.MONTH)
    assert budgets_begin_period() == 1
    assert (balance(), *left(tree.sales, tree.west, tree.east)) == (260, 500, 100, 60)
    assert_sound()


def test_one_that_was_killed_goes_on_where_it_was(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant(1000)
    set_(tree.sales, 500)
    set_(tree.west, 200)
    set_(tree.support, 100)
    debit(200, organization_id=tree.west.id)
    long_ago()
    real = module.budget_begin

    def killed(budget_id: uuid.UUID, now: datetime) -> int:
        if budget_id == of_(tree.west).id:
            raise KeyboardInterrupt
        return real(budget_id, now)

    monkeypatch.setattr(module, "budget_begin", killed)
    with pytest.raises(KeyboardInterrupt):
        budgets_begin_period()
    assert (balance(), *left(tree.sales, tree.west, tree.support)) == (200, 500, 0, 100)
    assert_sound()
    monkeypatch.undo()
    assert budgets_begin_period() == 2
    assert (balance(), *left(tree.sales, tree.west, tree.support)) == (200, 300, 200, 100)
    assert_sound()


def test_a_change_comes_after_the_period_that_is_due(tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 500)
    set_(tree.west, 200)
    debit(200, organization_id=tree.west.id)
    long_ago()
    set_(tree.west, 250)
    assert (balance(), *left(tree.sales, tree.west)) == (300, 250, 250)
    assert budgets_begin_period() == 0
    assert_sound()


def test_nothing_begins_where_it_is_frozen_or_gone(tree: Tree) -> None:
    grant(1000)
    account_id = set_(tree.sales, 500).account_id
    set_(tree.support, 100)
    debit(50, organization_id=tree.sales.id)
    debit(50, organization_id=tree.support.id)
    account_freeze(actor=SYSTEM, is_frozen=True, reason="Fraud", account_id=account_id)
    organization_archive(actor=SYSTEM, organization_id=tree.support.id)
    long_ago()
    assert budgets_begin_period() == 0
    assert (balance(), *left(tree.sales, tree.support)) == (400, 450, 50)
    account_freeze(actor=SYSTEM, is_frozen=False, reason="Cleared", account_id=account_id)
    assert budgets_begin_period() == 1
    assert (balance(), *left(tree.sales, tree.support)) == (350, 500, 50)
    assert_sound()


def test_grants_that_are_over_are_not_counted(tree: Tree) -> None:
    one = grant(300, expires_at=later(days=1))
    set_(tree.sales, 300)
    grant(1000)
    type(one).objects.filter(id=one.id).update(
        effective_at=later(days=-2), expires_at=later(seconds=-1)
    )
    long_ago()
    budgets_begin_period()
    assert balance() == 700
    assert of_(tree.sales).allocated_microcredits == 300
    assert debit(300, organization_id=tree.sales.id).balance_after_microcredits == 0


def test_the_schedule_begins_them_in_each_tenant(tree: Tree, acme: Tenant) -> None:
    grant(1000)
    set_(tree.sales, 500)
    debit(100, organization_id=tree.sales.id)
    long_ago()
    begin_budget_periods_of([str(acme.id)])
    assert left(tree.sales) == [500]
