"""An estimate says what a debit then does, wherever it is."""

import uuid

import pytest

from apps.common.errors import NotFound, PlatformError
from apps.credits.enums import CapPeriod
from apps.credits.estimating import estimate
from apps.credits.models import Budget, SpendingCap
from apps.credits.services import account_freeze, credits_debit
from apps.organizations.models import Member, Organization
from apps.organizations.selectors import root_organization
from tests.credits.support import (
    SUMMARIZE,
    SYSTEM,
    TRANSLATE,
    assert_sound,
    branch,
    budget,
    debit,
    grant,
    later,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def agrees(quantity: int = 1, **fields: object) -> tuple[int, int | None, str]:
    """What is estimated, after a look whether a debit agrees with it."""
    fields = {"actor": SYSTEM, "operation": SUMMARIZE, **fields}
    found = estimate(quantity=quantity, **fields)  # type: ignore[arg-type]
    refusal = ""
    try:
        credits_debit(quantity=quantity, idempotency_key=uuid.uuid4().hex, **fields)  # type: ignore[arg-type]
    except PlatformError as error:
        refusal = error.code
    assert refusal == found.refusal
    assert found.can_spend is (not refusal)
    return found.available_microcredits, found.cap_left_microcredits, found.refusal


def test_the_wallet() -> None:
    assert agrees() == (0, None, "insufficient_credits")
    grant(100)
    assert agrees(10) == (100, None, "")
    assert agrees(1) == (0, None, "insufficient_credits")
    assert_sound()


def test_grants_that_do_not_pay_for_it() -> None:
    sales = branch(root_organization(), "Sales")
    west = branch(sales, "West")
    grant(100, operations=[TRANSLATE])
    grant(10, organization_ids=[sales.id])
    grant(1000, effective_at=later(days=1))
    over = grant(1000, expires_at=later(days=1))
    type(over).objects.filter(id=over.id).update(
        effective_at=later(days=-2), expires_at=later(seconds=-1)
    )
    assert agrees() == (0, None, "insufficient_credits")
    assert agrees(organization_id=west.id) == (10, None, "")
    assert agrees(organization_id=west.id) == (0, None, "insufficient_credits")


def test_budgets_up_the_tree() -> None:
    one = grant(1000)
    sales = branch(root_organization(), "Sales")
    west = branch(sales, "West")
    east = branch(Organization.objects.get(id=sales.id), "East")
    budget(sales, one, 300, is_hard=True)
    budget(west, one, 100, is_hard=False)
    assert agrees(organization_id=west.id)[0] == 400
    assert agrees(organization_id=east.id)[0] == 300
    assert agrees()[0] == 600
    Budget.objects.filter(organization_id=sales.id).update(is_hard=False)
    assert agrees(organization_id=west.id)[0] == 970
    Budget.objects.filter(organization_id=west.id).update(closed_at=later())
    assert agrees(organization_id=west.id)[0] == 880
    assert agrees(88, organization_id=east.id)[2] == "insufficient_credits"
    assert_sound()


def test_what_is_frozen() -> None:
    one = grant(1000)
    sales = branch(root_organization(), "Sales")
    of_sales = budget(sales, one, 300, is_hard=True)
    account_freeze(actor=SYSTEM, is_frozen=True, reason="Fraud", account_id=of_sales)
    assert agrees(organization_id=sales.id)[2] == "account_frozen"
    assert agrees()[2] == ""
    account_freeze(actor=SYSTEM, is_frozen=False, reason="Cleared", account_id=of_sales)
    account_freeze(actor=SYSTEM, is_frozen=True, reason="Fraud")
    assert agrees(organization_id=sales.id)[2] == "account_frozen"


def test_a_members_cap() -> None:
    grant(1000)
    bob = Member.objects.get(email="bob@acme.test")
    SpendingCap.objects.create(
        member_id=bob.id,
        amount_microcredits=100,
        period=CapPeriod.MONTH,
        period_start=later().date().replace(day=1),
    )
    debit(80, member_id=bob.id)
    assert agrees(3, member_id=bob.id) == (920, 20, "spending_cap_reached")
    assert agrees(2, member_id=bob.id) == (920, 20, "")
    SpendingCap.objects.update(period_start=later(days=-40).date().replace(day=1))
    assert agrees(1, member_id=bob.id)[1] == 100


def test_nowhere() -> None:
    with pytest.raises(NotFound):
        estimate(
            actor=SYSTEM,
            operation=SUMMARIZE,
            quantity=1,
            organization_id=Member._meta.pk.get_default(),
        )
