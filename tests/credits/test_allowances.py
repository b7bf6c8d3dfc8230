"""Credits that come with the plan: once a period, whatever is told how often, and only of what is paid."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from djstripe.models import Customer, Invoice

from apps.billing import catalogue
from apps.billing.allowances import allowances_due
from apps.billing.declarations import terms_problem
from apps.billing.models import BillingCustomer, PlanVersion, Subscription, TenantPlan
from apps.billing.periods import month_of
from apps.billing.selectors import price_of
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.credits.models import Grant
from apps.credits.services import grants_expire
from apps.credits.services.allowances import allowance_give
from apps.credits.tasks import sweep_allowances
from apps.events.drain import drain_once
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_suspend
from tests.billing.conftest import Assign, assign, sold
from tests.conftest import SYSTEM
from tests.credits.support import assert_sound, balance, debit, later

__all__ = ["assign", "sold"]

pytestmark = pytest.mark.django_db
CREDIT = 1_000_000


def given(tenant: Tenant) -> list[int]:
    """Of plans, in credits."""
    with tenant_context(tenant):
        assert_sound()
        found = Grant.objects.filter(source="plan").order_by("id")
        return [one.amount_microcredits // CREDIT for one in found]


def looked_at_again(tenant: Tenant) -> datetime | None:
    with system_connection():
        return TenantPlan.objects.values_list("allowance_at", flat=True).get(tenant=tenant)


@pytest.fixture
def paying(acme: Tenant, assign: Assign) -> Subscription:
    """A month of Starter that began yesterday, of which no invoice is paid yet."""
    now = timezone.now().replace(microsecond=0)
    assign("starter")
    with system_connection():
        BillingCustomer.objects.create(tenant=acme, stripe_id="cus_1")
        Customer.objects.create(id="cus_1", created=now, stripe_data={})
        row = Subscription.objects.create(
            tenant=acme,
            stripe_id="sub_1",
            status="active",
            standing="active",
            price=price_of("starter", "month", "EUR"),
            period_starts_at=now - timedelta(days=1),
            period_ends_at=now + timedelta(days=29),
        )
        look_now(acme)
    return row


def look_now(tenant: Tenant) -> None:
    """Nothing was looked at yet."""
    TenantPlan.objects.filter(tenant=tenant).update(allowance_at=timezone.now())


def pay(row: Subscription, *, status: str = "paid", number: int = 1) -> None:
    """An invoice of the period that the row has."""
    assert row.period_starts_at is not None
    assert row.period_ends_at is not None
    with system_connection():
        Invoice.objects.create(
            id=f"in_{number}",
            created=row.period_starts_at,
            customer=Customer.objects.get(id="cus_1"),
            stripe_data={
                "status": status,
                "parent": {"subscription_details": {"subscription": row.stripe_id}},
                "lines": {
                    "data": [
                        {
                            "period": {
                                "start": int(row.period_starts_at.timestamp()),
                                "end": int(row.period_ends_at.timestamp()),
                            }
                        }
                    ]
                },
            },
        )


def renew(row: Subscription, **fields: Any) -> None:
    with system_connection():
        for name, value in fields.items():
            setattr(row, name, value)
        row.save()
        TenantPlan.objects.filter(tenant_id=row.tenant_id).update(allowance_at=timezone.now())


def test_without_a_subscription_by_the_plans_day(acme: Tenant, assign: Assign) -> None:
    assign("starter")
    drain_once()
    assert given(acme) == [100]
    for _again in range(3):
        sweep_allowances()
        allowance_give(actor=SYSTEM, tenant_id=acme.id)
    assert given(acme) == [100]
    with tenant_context(acme):
        [grant] = Grant.objects.all()
    with system_connection():
        held = TenantPlan.objects.get(tenant=acme)
    assert (grant.effective_at, grant.expires_at) == month_of(timezone.now(), held.period_anchor_at)
    assert (held.allowance_at, allowances_due(9)) == (grant.expires_at, [])
    # A month later, with no event of anything.
    with system_connection():
        held.period_anchor_at -= timedelta(days=3)
        held.allowance_at = timezone.now()
        held.save()
    sweep_allowances()
    assert given(acme) == [100, 100]


def test_more_within_a_period_comes_once_and_less_takes_nothing(
    acme: Tenant, assign: Assign
) -> None:
    for code in ("starter", "business", "starter", "business", "free"):
        assign(code)
        drain_once()
        sweep_allowances()
    assert given(acme) == [100, 900]
    with tenant_context(acme):
        caps = [one.rollover_cap_microcredits for one in Grant.objects.order_by("id")]
    assert caps == [0, 500 * CREDIT]
    assert looked_at_again(acme) is None


def test_what_is_left_rolls_over_up_to_the_cap(acme: Tenant, assign: Assign) -> None:
    assign("business")
    drain_once()
    with tenant_context(acme):
        debit(300 * CREDIT)
        Grant.objects.update(effective_at=later(days=-30), expires_at=later(seconds=-1))
        grants_expire()
        assert balance() == 500 * CREDIT
        assert_sound()


def test_a_period_is_given_when_it_is_paid(acme: Tenant, paying: Subscription) -> None:
    pay(paying, status="open")
    for _again in range(2):
        sweep_allowances()
        drain_once()
    assert given(acme) == []
    again = looked_at_again(acme)
    assert again is not None
    assert again > timezone.now() + timedelta(minutes=50)
    pay(paying, number=2)
    with system_connection():
        TenantPlan.objects.update(allowance_at=timezone.now())
    for _again in range(5):
        sweep_allowances()
        allowance_give(actor=SYSTEM, tenant_id=acme.id)
    assert given(acme) == [100]
    with tenant_context(acme):
        [grant] = Grant.objects.all()
    assert (grant.effective_at, grant.expires_at) == (
        paying.period_starts_at,
        paying.period_ends_at,
    )
    assert looked_at_again(acme) == paying.period_ends_at


@pytest.mark.parametrize("standing", ["restricted", "suspended", "paused"])
def test_nothing_while_it_is_not_paid(acme: Tenant, paying: Subscription, standing: str) -> None:
    pay(paying)
    renew(paying, standing=standing)
    sweep_allowances()
    assert given(acme) == []
    renew(paying, standing="active")
    sweep_allowances()
    assert given(acme) == [100]


def test_a_trial_has_its_own(acme: Tenant, paying: Subscription) -> None:
    renew(paying, standing="trial", status="trialing")
    sweep_allowances()
    assert given(acme) == [100]
    assert paying.period_ends_at is not None
    ends_at = timezone.now().replace(microsecond=0) + timedelta(days=20)
    renew(
        paying,
        standing="active",
        period_starts_at=paying.period_starts_at + timedelta(hours=12),  # type: ignore[operator]
        period_ends_at=ends_at,
    )
    sweep_allowances()
    assert given(acme) == [100]
    pay(paying)
    with system_connection():
        TenantPlan.objects.update(allowance_at=timezone.now())
    sweep_allowances()
    assert given(acme) == [100, 100]


def test_who_pays_by_the_year_has_them_by_the_month(acme: Tenant, paying: Subscription) -> None:
    now = timezone.now().replace(microsecond=0)
    with system_connection():
        price = price_of("starter", "year", "EUR")
    renew(
        paying,
        price=price,
        period_starts_at=now - timedelta(days=100),
        period_ends_at=now + timedelta(days=265),
    )
    pay(paying)
    for _again in range(2):
        sweep_allowances()
        allowance_give(actor=SYSTEM, tenant_id=acme.id)
    assert given(acme) == [100]
    with tenant_context(acme):
        [grant] = Grant.objects.all()
    assert grant.expires_at is not None
    assert timedelta(days=27) < grant.expires_at - grant.effective_at < timedelta(days=32)
    assert grant.effective_at <= now < grant.expires_at


def test_a_closed_workspace_waits(acme: Tenant, assign: Assign) -> None:
    tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="x")
    assign("starter")
    assert allowances_due(9) == []


def test_months_of_a_day_that_some_lack() -> None:
    anchor = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert month_of(datetime(2026, 2, 10, tzinfo=UTC), anchor) == (
        datetime(2026, 1, 31, 12, tzinfo=UTC),
        datetime(2026, 2, 28, 12, tzinfo=UTC),
    )
    assert month_of(datetime(2026, 12, 31, 13, tzinfo=UTC), anchor)[1] == datetime(
        2027, 1, 31, 12, tzinfo=UTC
    )


def test_no_more_rolls_over_than_is_given() -> None:
    from dataclasses import replace

    terms = catalogue.PLANS[1].terms
    problem = terms_problem(replace(terms, credits_rollover_microcredits=101 * CREDIT))
    assert problem == ("rollover", "At most the credits of a period roll over.")


def test_versions_without_it_give_nothing(acme: Tenant, assign: Assign) -> None:
    assign("free")
    drain_once()
    assert given(acme) == []
    with system_connection():
        assert PlanVersion.objects.get(plan__code="free").credits_rollover_microcredits == 0
    assert looked_at_again(acme) is None
