"""`with meter(...)`: held first, charged once, released when it fails."""

import pytest

from apps.common.errors import InvalidInput
from apps.credits.enums import HoldState
from apps.credits.errors import InsufficientCredits
from apps.credits.metering import meter
from apps.credits.models import Hold, Transaction, UsageDay
from apps.credits.services import credits_debit
from tests.credits.support import SUMMARIZE, SYSTEM, assert_sound, balance, grant, later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def metered(key: str = "k", **fields: object) -> object:
    return meter(SUMMARIZE, actor=SYSTEM, idempotency_key=key, **fields)  # type: ignore[arg-type]


def kinds() -> list[str]:
    found = Transaction.objects.exclude(kind="grant").order_by("id")
    return list(found.values_list("kind", flat=True))


def test_what_was_used_is_captured_and_the_rest_released() -> None:
    grant(1_000)
    with metered(estimate=50) as m:  # type: ignore[attr-defined]
        assert balance() == 500
        m.use(10)
        m.use(20)
    assert balance() == 700
    hold = Hold.objects.get()
    assert (hold.captured_microcredits, hold.released_microcredits) == (300, 200)
    assert Transaction.objects.get(idempotency_key="k").amount_microcredits == 300
    assert UsageDay.objects.get().used_microcredits == 300
    assert_sound()


def test_without_an_estimate_it_is_a_debit_at_the_end() -> None:
    grant(1_000)
    with metered() as m:  # type: ignore[attr-defined]
        m.use(30)
        assert balance() == 1_000
    assert balance() == 700
    assert kinds() == ["debit"]
    with metered("other"):  # type: ignore[attr-defined]
        pass
    assert kinds() == ["debit"]
    assert_sound()


def test_an_exception_releases_it() -> None:
    grant(1_000)
    with pytest.raises(ZeroDivisionError), metered(estimate=50) as m:  # type: ignore[attr-defined]
        m.use(30)
        m.use(1 // 0)
    assert balance() == 1_000
    assert Hold.objects.get().state == HoldState.CLOSED
    # The same work is tried again, and paid for.
    with metered(estimate=50) as m:  # type: ignore[attr-defined]
        assert not m.is_charged
        m.use(30)
    assert balance() == 700
    assert_sound()


def test_nothing_used_costs_nothing() -> None:
    grant(1_000)
    with metered(estimate=50):  # type: ignore[attr-defined]
        pass
    assert (balance(), kinds()) == (1_000, ["hold", "release"])
    assert_sound()


def test_what_cannot_be_paid_for_is_not_begun() -> None:
    grant(100)
    with pytest.raises(InsufficientCredits), metered(estimate=50):  # type: ignore[attr-defined]
        pytest.fail("it was begun")
    assert balance() == 100


def test_what_is_above_the_estimate_is_a_debit_of_its_own() -> None:
    grant(1_000)
    with metered(estimate=50) as m:  # type: ignore[attr-defined]
        m.use(70)
    assert balance() == 300
    assert Transaction.objects.get(idempotency_key="k:excess").amount_microcredits == 200
    assert sorted(kinds()) == ["capture", "debit", "hold"]
    assert_sound()


def test_where_the_excess_cannot_be_paid_the_estimate_is() -> None:
    grant(600)
    with pytest.raises(InsufficientCredits), metered(estimate=50) as m:  # type: ignore[attr-defined]
        m.use(70)
    assert balance() == 100
    assert_sound()


def test_it_is_charged_once_by_the_key() -> None:
    grant(1_000)
    for _ in range(2):
        with metered(estimate=50) as m:  # type: ignore[attr-defined]
            m.use(30)
    assert m.is_charged
    assert balance() == 700
    assert Hold.objects.count() == 1
    assert_sound()


def test_two_at_the_same_work_pay_once() -> None:
    grant(1_000)
    with metered(estimate=50) as one, metered(estimate=50) as other:  # type: ignore[attr-defined]
        one.use(30)
        other.use(30)
    assert balance() == 700
    assert_sound()


def test_work_that_outlives_its_hold_is_debited() -> None:
    grant(1_000)
    with metered(estimate=50) as m:  # type: ignore[attr-defined]
        m.use(30)
        Hold.objects.update(expires_at=later(seconds=-1))
    assert Transaction.objects.get(idempotency_key="k").kind == "debit"
    assert_sound()


def test_an_exception_is_the_one_that_is_seen() -> None:
    grant(1_000)
    with pytest.raises(ZeroDivisionError), metered(estimate=50):  # type: ignore[attr-defined]
        Hold.objects.update(expires_at=later(seconds=-1))
        _ = 1 // 0
    assert_sound()


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "1", True, 10**13])
def test_only_whole_numbers_are_used(quantity: object) -> None:
    grant(1_000)
    with pytest.raises(InvalidInput), metered(estimate=50) as m:  # type: ignore[attr-defined]
        m.use(quantity)
    assert balance() == 1_000


@pytest.mark.parametrize("fields", [{"key": ""}, {"key": "x" * 195}, {"ttl_s": 0}])
def test_bad_input_begins_nothing(fields: dict[str, object]) -> None:
    grant(1_000)
    with pytest.raises(InvalidInput), metered(**fields):  # type: ignore[attr-defined, arg-type]
        pytest.fail("it was begun")
    assert kinds() == []


def test_a_key_of_something_else_is_taken_for_paid() -> None:
    grant(1_000)
    credits_debit(actor=SYSTEM, operation=SUMMARIZE, quantity=30, idempotency_key="k")
    with metered() as m:  # type: ignore[attr-defined]
        m.use(30)
    assert balance() == 700
