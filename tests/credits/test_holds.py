"""Holds: captured in parts, released, expired; and grants that end meanwhile."""

import uuid

import pytest

from apps.common.errors import IdempotencyConflict, InvalidInput, NotFound
from apps.credits.enums import BREAKAGE_ID, HoldState, TransactionKind
from apps.credits.errors import HoldClosed, InsufficientCredits
from apps.credits.models import Entry, Grant, Hold, Transaction, UsageDay
from apps.credits.services import (
    grant_revoke,
    grants_expire,
    hold_capture,
    hold_release,
    holds_expire,
)
from tests.credits.support import SYSTEM, assert_sound, balance, debit, grant, hold, later, left_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def capture(held: uuid.UUID, amount: int | None = None, key: str = "", **more: bool) -> Transaction:
    return hold_capture(
        actor=SYSTEM,
        hold_id=held,
        amount_microcredits=amount,
        idempotency_key=key or uuid.uuid4().hex,
        **more,
    )


def release(held: uuid.UUID, key: str = "") -> Transaction:
    return hold_release(actor=SYSTEM, hold_id=held, idempotency_key=key or uuid.uuid4().hex)


def over(held: uuid.UUID) -> None:
    Hold.objects.filter(id=held).update(expires_at=later(seconds=-1))


def ended(one: Grant) -> None:
    Grant.objects.filter(id=one.id).update(
        effective_at=later(days=-2), expires_at=later(seconds=-1)
    )


def test_what_is_held_cannot_be_spent() -> None:
    grant(100)
    hold(80)
    assert balance() == 20
    with pytest.raises(InsufficientCredits):
        debit(21)
    assert not UsageDay.objects.exists()
    assert_sound()


def test_a_hold_is_captured_in_parts_and_the_rest_is_released() -> None:
    one, two = grant(50), grant(50)
    held = hold(80).transaction_id
    first = capture(held, 60)
    assert (first.amount_microcredits, first.balance_after_microcredits) == (60, 20)
    capture(held, 5, is_final=True)
    now = Hold.objects.get(id=held)
    assert (now.captured_microcredits, now.released_microcredits) == (65, 15)
    assert now.state == HoldState.CLOSED
    assert (balance(), left_of(one), left_of(two)) == (35, 0, 35)
    day = UsageDay.objects.get()
    assert (day.used_microcredits, day.uses) == (65, 1)
    with pytest.raises(HoldClosed):
        capture(held, 1)
    with pytest.raises(HoldClosed):
        release(held)
    assert_sound()


def test_without_an_amount_all_of_it_is_captured() -> None:
    grant(100)
    held = hold(80).transaction_id
    assert capture(held).amount_microcredits == 80
    assert Hold.objects.get(id=held).state == HoldState.CLOSED
    assert_sound()


def test_no_more_is_captured_than_is_held() -> None:
    grant(100)
    held = hold(80).transaction_id
    with pytest.raises(InvalidInput, match="80 microcredits left"):
        capture(held, 81)
    capture(held, 80)
    assert_sound()


def test_capture_and_release_work_once_by_their_key() -> None:
    grant(100)
    held = hold(80).transaction_id
    first = capture(held, 30, "c")
    assert capture(held, 30, "c").id == first.id
    with pytest.raises(IdempotencyConflict):
        capture(held, 31, "c")
    done = release(held, "r")
    assert done.amount_microcredits == 50
    assert release(held, "r").id == done.id
    assert capture(held, 30, "c").id == first.id
    assert balance() == 70
    assert_sound()


def test_a_hold_whose_time_is_over_goes_back() -> None:
    grant(100)
    held = hold(80).transaction_id
    over(held)
    with pytest.raises(HoldClosed):
        capture(held, 1)
    assert holds_expire() == 1
    assert holds_expire() == 0
    now = Hold.objects.get(id=held)
    assert (now.state, now.released_microcredits) == (HoldState.EXPIRED, 80)
    assert balance() == 100
    assert_sound()


def test_what_is_held_outlives_its_grant_and_what_is_released_then_is_lost() -> None:
    one = grant(100, expires_at=later(days=1))
    held = hold(80).transaction_id
    ended(one)
    assert grants_expire() == 1
    assert balance() == 0
    capture(held, 50)
    done = release(held)
    entry = Entry.objects.get(transaction=done)
    assert (entry.credited_account_id, entry.amount_microcredits) == (BREAKAGE_ID, 30)
    assert balance() == 0
    assert_sound()


def test_what_is_released_of_a_revoked_grant_is_taken_back_too() -> None:
    one = grant(100)
    held = hold(80).transaction_id
    assert grant_revoke(actor=SYSTEM, grant_id=one.id, reason="Paid back") == 20
    assert grant_revoke(actor=SYSTEM, grant_id=one.id, reason="Paid back") == 0
    release(held)
    assert balance() == 0
    assert_sound()


def test_a_hold_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        capture(uuid.uuid4(), 1)


def test_a_hold_by_key_is_the_same_hold() -> None:
    grant(100)
    assert hold(80, "h").transaction_id == hold(80, "h").transaction_id
    with pytest.raises(IdempotencyConflict):
        hold(80, "h", ttl_s=60)
    assert Hold.objects.count() == 1
    assert Transaction.objects.filter(kind=TransactionKind.HOLD).count() == 1
