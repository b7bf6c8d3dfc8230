"""Debits: from where, in which order, how much, once."""

import pytest
from django.db import DatabaseError, connection, transaction

from apps.common.errors import IdempotencyConflict, InvalidInput, NotFound
from apps.credits.enums import USAGE_ID, WALLET_ID, CapPeriod
from apps.credits.errors import AccountFrozen, InsufficientCredits, SpendingCapReached
from apps.credits.models import Account, Entry, SpendingCap, Transaction, UsageDay
from apps.credits.services import account_freeze, credits_debit
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import root_organization
from tests.credits.support import (
    SUMMARIZE,
    SYSTEM,
    TRANSLATE,
    assert_sound,
    balance,
    branch,
    budget,
    debit,
    grant,
    later,
    left_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def test_a_debit_takes_from_the_wallet() -> None:
    one = grant(1000)
    spent = debit(300)
    assert (spent.amount_microcredits, spent.balance_after_microcredits) == (300, 700)
    assert not spent.is_replay
    assert (balance(), left_of(one)) == (700, 700)
    entry = Entry.objects.get(transaction_id=spent.transaction_id)
    assert (entry.debited_account_id, entry.credited_account_id) == (WALLET_ID, USAGE_ID)
    assert (entry.grant_id, entry.amount_microcredits) == (one.id, 300)
    day = UsageDay.objects.get()
    assert (day.used_microcredits, day.uses, day.operation) == (300, 1, SUMMARIZE)
    assert_sound()


def test_priority_comes_before_expiry_and_expiry_before_age() -> None:
    oldest = grant(100)
    endless = grant(100)
    late = grant(100, expires_at=later(days=20))
    soon = grant(100, expires_at=later(days=10))
    first = grant(100, priority=10)
    order = []
    for _ in range(5):
        spent = debit(100)
        order.append(Entry.objects.get(transaction_id=spent.transaction_id).grant_id)
    assert order == [first.id, soon.id, late.id, oldest.id, endless.id]
    assert_sound()


def test_one_debit_takes_from_as_many_grants_as_it_needs() -> None:
    grants = [grant(100) for _ in range(3)]
    spent = debit(250)
    taken = Entry.objects.filter(transaction_id=spent.transaction_id).order_by("position")
    assert [(e.grant_id, e.amount_microcredits) for e in taken] == [
        (grants[0].id, 100),
        (grants[1].id, 100),
        (grants[2].id, 50),
    ]
    assert_sound()


def test_all_of_it_can_be_spent_and_one_more_cannot() -> None:
    grant(1000)
    with pytest.raises(InsufficientCredits, match="1000 are left"):
        debit(1001)
    assert balance() == 1000
    assert debit(1000).balance_after_microcredits == 0
    with pytest.raises(InsufficientCredits):
        debit(1)
    assert Transaction.objects.filter(kind="debit").count() == 1
    assert_sound()


def test_what_is_not_good_yet_or_any_more_is_not_spent() -> None:
    grant(100, effective_at=later(hours=1), expires_at=later(days=1))
    over = grant(100, expires_at=later(hours=1))
    type(over).objects.filter(id=over.id).update(
        effective_at=later(hours=-2), expires_at=later(seconds=-1)
    )
    with pytest.raises(InsufficientCredits, match="0 are left"):
        debit(1)


def test_a_grant_for_some_operations_pays_for_these_alone() -> None:
    narrow = grant(100, operations=[TRANSLATE], priority=1)
    wide = grant(100)
    debit(60)
    assert (left_of(narrow), left_of(wide)) == (100, 40)
    debit(60, operation=TRANSLATE)
    assert (left_of(narrow), left_of(wide)) == (40, 40)
    with pytest.raises(InsufficientCredits):
        debit(41)
    assert_sound()


def test_a_grant_for_an_organization_pays_there_and_below() -> None:
    sales = branch(root_organization(), "Sales")
    west = branch(sales, "West")
    grant(100, organization_ids=[sales.id])
    with pytest.raises(InsufficientCredits):
        debit(1)
    assert debit(60, organization_id=west.id).balance_after_microcredits == 40
    assert debit(40, organization_id=sales.id).balance_after_microcredits == 0
    assert_sound()


def test_a_key_works_once() -> None:
    grant(1000)
    first = debit(300, "key")
    again = debit(300, "key")
    assert again.is_replay
    assert again.transaction_id == first.transaction_id
    assert again.balance_after_microcredits == 700
    assert balance() == 700
    with pytest.raises(IdempotencyConflict):
        debit(301, "key")
    with pytest.raises(IdempotencyConflict):
        debit(300, "key", operation=TRANSLATE)
    # Also when there would not be enough for it any more.
    debit(700)
    assert debit(300, "key").is_replay
    assert_sound()


def test_a_quantity_costs_what_the_rate_says() -> None:
    grant(10_000_000)
    spent = credits_debit(actor=SYSTEM, operation=TRANSLATE, quantity=1500, idempotency_key="q")
    assert spent.amount_microcredits == 1000 * 2000 + 500 * 1000
    few = credits_debit(actor=SYSTEM, operation=TRANSLATE, quantity=2, idempotency_key="few")
    assert few.amount_microcredits == 5_000
    done = Transaction.objects.get(id=few.transaction_id)
    assert done.details == {"quantity": 2, "rate": 1}


@pytest.mark.parametrize(
    "fields",
    [
        {"amount_microcredits": 0},
        {"amount_microcredits": -5},
        {"amount_microcredits": 10**16},
        {"amount_microcredits": 1, "quantity": 1},
        {},
        {"quantity": 0},
        {"amount_microcredits": 1, "operation": "tests.unknown"},
        {"amount_microcredits": 1, "idempotency_key": ""},
        {"amount_microcredits": 1, "idempotency_key": "x" * 201},
        {"amount_microcredits": 1, "idempotency_key": "a\x00b"},
    ],
)
def test_bad_input_spends_nothing(fields: dict[str, object]) -> None:
    grant(1000)
    with pytest.raises(InvalidInput):
        credits_debit(
            **({"actor": SYSTEM, "operation": SUMMARIZE, "idempotency_key": "k"} | fields)
        )  # type: ignore[arg-type]
    assert balance() == 1000


def test_a_hard_budget_ends_where_it_ends_and_a_soft_one_goes_on_above() -> None:
    one = grant(1000)
    sales = branch(root_organization(), "Sales")
    west = branch(sales, "West")
    east = branch(sales, "East")
    of_sales = budget(sales, one, 300, is_hard=True)
    of_west = budget(west, one, 100, is_hard=False)
    # West is soft: what is above its own comes from Sales, which is hard.
    assert debit(150, organization_id=west.id).balance_after_microcredits == 250
    assert (balance(of_west), balance(of_sales), balance()) == (0, 250, 600)
    assert debit(250, organization_id=east.id).balance_after_microcredits == 0
    with pytest.raises(InsufficientCredits, match="0 are left"):
        debit(1, organization_id=west.id)
    assert debit(600).balance_after_microcredits == 0
    assert_sound()


def test_a_soft_budget_goes_on_with_the_wallet() -> None:
    one = grant(1000)
    sales = branch(root_organization(), "Sales")
    of_sales = budget(sales, one, 300, is_hard=False)
    assert debit(500, organization_id=sales.id).balance_after_microcredits == 500
    assert (balance(of_sales), balance()) == (0, 500)
    assert_sound()


def test_nothing_is_spent_at_an_organization_that_is_not_there() -> None:
    grant(100)
    with pytest.raises(NotFound):
        debit(1, organization_id=SYSTEM_ID)
    archived = branch(root_organization(), "Old")
    Organization.objects.filter(id=archived.id).update(archived_at=later(days=-1))
    with pytest.raises(NotFound):
        debit(1, organization_id=archived.id)
    assert balance() == 100


SYSTEM_ID = Member._meta.pk.get_default()


def test_a_cap_limits_what_a_member_spends_in_a_period() -> None:
    grant(1000)
    bob = Member.objects.get(email="bob@acme.test")
    cap = SpendingCap.objects.create(
        member_id=bob.id,
        amount_microcredits=100,
        period=CapPeriod.MONTH,
        period_start=later().date().replace(day=1),
    )
    debit(80, member_id=bob.id)
    with pytest.raises(SpendingCapReached):
        debit(30, member_id=bob.id)
    debit(20, member_id=bob.id)
    cap.refresh_from_db()
    assert cap.spent_microcredits == 100
    debit(500)
    # A new period begins by itself.
    SpendingCap.objects.update(period_start=later(days=-40).date().replace(day=1))
    debit(70, member_id=bob.id)
    cap.refresh_from_db()
    assert (cap.spent_microcredits, cap.period_start) == (70, later().date().replace(day=1))
    assert_sound()


def test_nothing_is_spent_from_a_frozen_account() -> None:
    one = grant(1000)
    sales = branch(root_organization(), "Sales")
    of_sales = budget(sales, one, 300, is_hard=True)
    account_freeze(actor=SYSTEM, is_frozen=True, reason="Fraud", account_id=of_sales)
    with pytest.raises(AccountFrozen):
        debit(1, organization_id=sales.id)
    debit(1)
    account_freeze(actor=SYSTEM, is_frozen=False, reason="Cleared", account_id=of_sales)
    account_freeze(actor=SYSTEM, is_frozen=True, reason="Fraud")
    for organization in (sales, root_organization()):
        with pytest.raises(AccountFrozen):
            debit(1, organization_id=organization.id)
    account_freeze(actor=SYSTEM, is_frozen=False, reason="Cleared")
    debit(1, organization_id=sales.id)


def test_it_is_noted_since_when_the_balance_is_low() -> None:
    grant(1000)
    Account.objects.filter(id=WALLET_ID).update(alert_below_microcredits=500)
    debit(500)
    assert Account.objects.get(id=WALLET_ID).low_at is None
    debit(1)
    low_at = Account.objects.get(id=WALLET_ID).low_at
    assert low_at is not None
    debit(1)
    assert Account.objects.get(id=WALLET_ID).low_at == low_at
    grant(100)
    assert Account.objects.get(id=WALLET_ID).low_at is None


def test_a_debit_is_one_statement(django_assert_num_queries: object) -> None:
    grant(1000)
    with django_assert_num_queries(1):  # type: ignore[operator]
        debit(10)


@pytest.mark.parametrize("table", ["credits_entry", "credits_transaction"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET amount_microcredits = 1", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_the_database_refuses_to_change_what_happened(table: str, statement: str) -> None:
    grant(1000)
    debit(10)
    with (
        pytest.raises(DatabaseError, match=r"not changed or deleted|permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))


def test_no_balance_is_below_nought() -> None:
    grant(10)
    with pytest.raises(DatabaseError, match="credits_account_not_negative"), transaction.atomic():
        Account.objects.filter(id=WALLET_ID).update(balance_microcredits=-1)
