"""Grants: once by reference, ended by time with rollover, revoked; adjustments and refunds."""

import uuid

import pytest
from django.db import connection

from apps.common.database import system_connection
from apps.common.errors import (
    Conflict,
    IdempotencyConflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
)
from apps.credits.enums import GrantSource
from apps.credits.errors import InsufficientCredits
from apps.credits.models import Grant, Transaction, UsageDay
from apps.credits.services import (
    credits_adjust,
    credits_refund,
    grant_revoke,
    grants_expire,
    hold_capture,
)
from apps.credits.verifying import found_differences
from apps.organizations.actors import actor_for
from apps.organizations.selectors import root_organization
from tests.conftest import World
from tests.credits.support import (
    SYSTEM,
    assert_sound,
    balance,
    branch,
    budget,
    debit,
    grant,
    hold,
    later,
    left_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def ended(one: Grant) -> None:
    Grant.objects.filter(id=one.id).update(
        effective_at=later(days=-30), expires_at=later(seconds=-1)
    )


def refund(spent: uuid.UUID, amount: int | None = None, key: str = "") -> Transaction:
    return credits_refund(
        actor=SYSTEM,
        transaction_id=spent,
        amount_microcredits=amount,
        idempotency_key=key or uuid.uuid4().hex,
        reason="It failed",
    )


def test_a_reference_gives_once() -> None:
    one = grant(100, source=GrantSource.PURCHASE, reference="in_1")
    assert grant(100, source=GrantSource.PURCHASE, reference="in_1").id == one.id
    with pytest.raises(IdempotencyConflict):
        grant(101, source=GrantSource.PURCHASE, reference="in_1")
    grant(100, source=GrantSource.PLAN, reference="in_1")
    assert balance() == 200
    assert_sound()


def test_only_the_platform_gives(world: World) -> None:
    alice = actor_for(world.alice)
    with pytest.raises(PermissionDenied):
        credits_adjust(actor=alice, amount_microcredits=5, reason="Please", idempotency_key="k")
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"priority": 101},
        {"expires_at": later(days=-1)},
        {"reference": ""},
        {"rollover_cap_microcredits": 5},
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        grant(100, **fields)
    assert balance() == 0


def test_what_is_left_at_the_end_is_lost() -> None:
    one = grant(100, expires_at=later(days=1))
    debit(30)
    ended(one)
    assert grants_expire() == 1
    assert grants_expire() == 0
    assert (balance(), left_of(one)) == (0, 0)
    assert Transaction.objects.get(kind="expiry").amount_microcredits == 70
    assert_sound()


def test_a_part_of_it_rolls_over_once_also_out_of_budgets() -> None:
    one = grant(100, expires_at=later(days=1), rollover_cap_microcredits=60)
    sales = branch(root_organization(), "Sales")
    of_sales = budget(sales, one, 50, is_hard=True)
    ended(one)
    assert grants_expire() == 1
    next_ = Grant.objects.get(source=GrantSource.ROLLOVER)
    assert (next_.amount_microcredits, next_.rollover_cap_microcredits) == (60, 0)
    assert balance() + balance(of_sales) == 60
    assert left_of(next_) == 60
    debit(10, organization_id=sales.id)
    assert_sound()
    ended(next_)
    grants_expire()
    assert (balance(), balance(of_sales)) == (0, 0)
    assert_sound()


def test_a_revoked_grant_is_taken_back_from_wherever_it_lies() -> None:
    one = grant(100, source=GrantSource.PURCHASE)
    sales = branch(root_organization(), "Sales")
    of_sales = budget(sales, one, 40, is_hard=True)
    debit(10)
    assert grant_revoke(actor=SYSTEM, grant_id=one.id, reason="Refunded") == 90
    assert (balance(), balance(of_sales)) == (0, 0)
    assert_sound()


def test_a_debit_is_given_back_in_parts_to_where_it_was_taken() -> None:
    one, two = grant(50), grant(50)
    spent = debit(80)
    assert refund(spent.transaction_id, 20, "r").amount_microcredits == 20
    assert refund(spent.transaction_id, 20, "r").amount_microcredits == 20
    assert (left_of(one), left_of(two)) == (0, 40)
    assert refund(spent.transaction_id).amount_microcredits == 60
    assert (left_of(one), left_of(two), balance()) == (50, 50, 100)
    with pytest.raises(Conflict, match="given back already"):
        refund(spent.transaction_id)
    day = UsageDay.objects.get()
    assert (day.used_microcredits, day.uses) == (0, 0)
    assert_sound()


def test_no_more_is_given_back_than_was_taken() -> None:
    grant(100)
    spent = debit(80)
    with pytest.raises(InvalidInput, match="At most 80"):
        refund(spent.transaction_id, 81)
    with pytest.raises(NotFound):
        refund(uuid.uuid4())
    assert_sound()


def test_what_came_from_a_grant_that_is_over_comes_as_a_new_one() -> None:
    one = grant(50, expires_at=later(days=1))
    grant(50)
    spent = debit(80)
    ended(one)
    grants_expire()
    refund(spent.transaction_id, 40)
    refund(spent.transaction_id, 40)
    assert [
        g.amount_microcredits for g in Grant.objects.filter(source="refund").order_by("id")
    ] == [
        10,
        40,
    ]
    assert balance() == 100
    assert_sound()


def test_what_was_captured_can_be_given_back() -> None:
    one = grant(100)
    held = hold(80).transaction_id
    done = hold_capture(actor=SYSTEM, hold_id=held, amount_microcredits=50, idempotency_key="c")
    refund(done.id, 20)
    assert (balance(), left_of(one)) == (40, 40)
    assert_sound()


def test_staff_put_right_with_a_reason() -> None:
    done = credits_adjust(
        actor=SYSTEM, amount_microcredits=100, reason="Sorry", idempotency_key="a"
    )
    credits_adjust(actor=SYSTEM, amount_microcredits=100, reason="Sorry", idempotency_key="a")
    assert done.amount_microcredits == 100
    credits_adjust(actor=SYSTEM, amount_microcredits=-30, reason="Too much", idempotency_key="b")
    credits_adjust(actor=SYSTEM, amount_microcredits=-30, reason="Too much", idempotency_key="b")
    assert balance() == 70
    with pytest.raises(InsufficientCredits):
        credits_adjust(actor=SYSTEM, amount_microcredits=-71, reason="All", idempotency_key="c")
    with pytest.raises(InvalidInput):
        credits_adjust(actor=SYSTEM, amount_microcredits=5, reason=" ", idempotency_key="d")
    assert_sound()


PLANTED = {
    "balance of an account": "UPDATE credits_account SET balance_microcredits = balance_microcredits + 1 "
    "WHERE kind = 'wallet'",
    "lot of a grant": "UPDATE credits_lot SET remaining_microcredits = remaining_microcredits - 1",
    "grant": "UPDATE credits_grant SET amount_microcredits = amount_microcredits + 1",
    "parts of open holds": "UPDATE credits_holdpart SET remaining_microcredits = remaining_microcredits + 1",
    "hold": "UPDATE credits_hold SET amount_microcredits = amount_microcredits + 1",
    "usage of a day": "UPDATE credits_usageday SET used_microcredits = used_microcredits + 1",
    "transaction": "ALTER TABLE credits_transaction DISABLE TRIGGER ledger_guard; "
    "UPDATE credits_transaction SET amount_microcredits = amount_microcredits + 1 WHERE kind = 'debit'",
}


@pytest.mark.parametrize("what", PLANTED)
def test_an_error_of_one_is_found(what: str) -> None:
    grant(100)
    debit(10)
    hold(20)
    assert found_differences() == []
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with system_connection(), connection.cursor() as cursor:
        cursor.execute(PLANTED[what])
    found = [one for one in found_differences() if one.what == what]
    assert [abs(one.kept - one.computed) for one in found] == [1]
