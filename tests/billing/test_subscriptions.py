"""What Stripe says of a subscription, taken over by the tenant: plan, door, history."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.billing.catalogue import ADD_ONS, PLANS
from apps.billing.enums import Standing as G
from apps.billing.life import GRACE_DAYS, RESTRICTED_DAYS
from apps.billing.models import Price, Subscription, TenantPlan
from apps.billing.selectors import version_of
from apps.billing.services import (
    catalogue_load,
    plan_assign,
    subscription_settle,
    subscription_take_over,
    subscriptions_due,
)
from apps.billing.tasks import settle_subscriptions
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import PermissionDenied
from apps.events.models import OutboxEvent
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_suspend

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _catalogue(db: None) -> None:
    catalogue_load(actor=SYSTEM, plans=PLANS, add_ons=ADD_ONS)
    with system_connection():
        for number, price in enumerate(Price.objects.filter(amount_minor__gt=0).order_by("id")):
            Price.objects.filter(id=price.id).update(stripe_price_id=f"price_{number}")


def price_of(code: str, interval: str = "month", currency: str = "EUR") -> Price:
    with system_connection():
        return Price.objects.get(
            plan_version=version_of(code), interval=interval, currency=currency
        )


def told(code: str = "starter", **fields: Any) -> dict[str, Any]:
    """A subscription as Stripe says it."""
    now = int(timezone.now().timestamp())
    item = {
        "id": "si_1",
        "price": {"id": price_of(code).stripe_price_id},
        "quantity": fields.pop("quantity", 3),
        "current_period_start": now,
        "current_period_end": now + 30 * 86400,
    }
    return {
        "id": "sub_1",
        "object": "subscription",
        "status": "active",
        "items": {"data": [item]},
        "pause_collection": None,
        "trial_end": None,
        "cancel_at_period_end": False,
        "cancel_at": None,
        "ended_at": None,
        **fields,
    }


def take(tenant: Tenant, **fields: Any) -> Subscription | None:
    return subscription_take_over(actor=SYSTEM, tenant_id=tenant.id, found=told(**fields))


def plan(tenant: Tenant) -> str:
    with system_connection():
        held = TenantPlan.objects.select_related("plan_version__plan").get(tenant=tenant)
    return held.plan_version.plan.code


def standing(tenant: Tenant) -> str:
    with system_connection():
        return Subscription.objects.get(tenant=tenant).standing


def changes() -> list[tuple[str, str]]:
    with system_connection():
        rows = OutboxEvent.objects.filter(name="billing.subscription_changed").order_by("position")
        return [(row.payload["from_standing"], row.payload["to_standing"]) for row in rows]


def status(tenant: Tenant) -> str:
    with system_connection():
        return Tenant.objects.get(id=tenant.id).status


def age(tenant: Tenant, days: int) -> None:
    """As if the payment had failed that long ago."""
    with system_connection():
        Subscription.objects.filter(tenant=tenant).update(
            unpaid_since=timezone.now() - days * DAY, standing_changes_at=timezone.now()
        )


def test_the_plan_that_is_paid_for_is_the_one_that_is_had(acme: Tenant) -> None:
    row = take(acme)
    assert row is not None
    assert (row.standing, row.quantity, row.price) == (G.ACTIVE, 3, price_of("starter"))
    assert plan(acme) == "starter"
    take(acme, code="business", quantity=4)
    assert plan(acme) == "business"
    take(acme, code="business", status="canceled")
    assert (plan(acme), standing(acme)) == ("free", G.ENDED)
    assert changes() == [("", "active"), ("active", "ended")]


def test_the_same_again_changes_nothing(acme: Tenant) -> None:
    first = told()
    subscription_take_over(actor=SYSTEM, tenant_id=acme.id, found=first)
    with system_connection():
        count = OutboxEvent.objects.count()
    for _again in range(3):
        subscription_take_over(actor=SYSTEM, tenant_id=acme.id, found=first)
    with system_connection():
        assert OutboxEvent.objects.count() == count


def test_a_trial_and_its_end(acme: Tenant) -> None:
    ends = int(timezone.now().timestamp()) + 14 * 86400
    row = take(acme, status="trialing", trial_end=ends)
    assert row is not None
    assert (row.standing, plan(acme)) == (G.TRIAL, "starter")
    assert row.trial_ends_at is not None
    take(acme, status="paused", trial_end=ends)
    assert (standing(acme), plan(acme)) == (G.PAUSED, "free")
    take(acme)
    assert (standing(acme), plan(acme)) == (G.ACTIVE, "starter")


def test_what_is_not_paid_yet_gives_nothing(acme: Tenant) -> None:
    take(acme, status="incomplete")
    assert (standing(acme), plan(acme)) == (G.INCOMPLETE, "free")
    take(acme, status="incomplete_expired")
    assert (standing(acme), plan(acme)) == (G.ENDED, "free")


def test_a_failed_payment_restricts_then_closes_and_a_payment_opens(acme: Tenant) -> None:
    take(acme)
    take(acme, status="past_due")
    assert (standing(acme), plan(acme)) == (G.GRACE, "starter")
    assert subscriptions_due(10) == []
    age(acme, GRACE_DAYS)
    settle_subscriptions()
    assert (standing(acme), plan(acme), status(acme)) == (G.RESTRICTED, "free", TenantStatus.READY)
    take(acme, status="past_due")  # Stripe's retries do not begin the time anew
    assert standing(acme) == G.RESTRICTED
    age(acme, GRACE_DAYS + RESTRICTED_DAYS)
    settle_subscriptions()
    assert (standing(acme), status(acme)) == (G.SUSPENDED, TenantStatus.SUSPENDED)
    assert subscriptions_due(10) == []
    take(acme)
    assert (standing(acme), plan(acme), status(acme)) == (G.ACTIVE, "starter", TenantStatus.READY)
    with system_connection():
        row = Subscription.objects.get(tenant=acme)
    assert (row.unpaid_since, row.has_closed, row.standing_changes_at) == (None, False, None)


def test_a_workspace_that_staff_closed_stays_closed(acme: Tenant) -> None:
    take(acme, status="past_due")
    tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="Abuse")
    age(acme, 100)
    settle_subscriptions()
    take(acme)
    assert (standing(acme), status(acme)) == (G.ACTIVE, TenantStatus.SUSPENDED)


def test_a_second_debt_has_its_own_grace(acme: Tenant) -> None:
    take(acme, status="past_due")
    age(acme, GRACE_DAYS)
    subscription_settle(actor=SYSTEM, tenant_id=acme.id)
    take(acme)
    take(acme, status="unpaid")
    assert standing(acme) == G.GRACE


def test_what_staff_gave_for_free_stays(acme: Tenant) -> None:
    with system_connection():
        version = version_of("enterprise")
    plan_assign(
        actor=SYSTEM, tenant_id=acme.id, plan_version_id=version.id, is_comp=True, reason="Partner"
    )
    take(acme)
    take(acme, status="canceled")
    assert plan(acme) == "enterprise"


def test_a_later_subscription_takes_the_place_of_one_that_ended(acme: Tenant) -> None:
    take(acme)
    # A second one beside one that lives is none of the tenant's: staff are to look at it.
    assert take(acme, id="sub_2", code="business") is None
    assert plan(acme) == "starter"
    take(acme, status="canceled")
    assert take(acme, id="sub_2", code="business") is not None
    assert (plan(acme), standing(acme)) == ("business", G.ACTIVE)
    # Old news of the old one.
    assert take(acme, status="canceled") is None
    assert plan(acme) == "business"


def test_cancelled_for_the_end_of_the_period(acme: Tenant) -> None:
    row = take(acme, cancel_at_period_end=True)
    assert row is not None
    assert row.ends_at == row.period_ends_at
    assert plan(acme) == "starter"
    again = take(acme)
    assert again is not None
    assert again.ends_at is None


def test_a_price_that_nobody_knows_gives_no_plan(acme: Tenant) -> None:
    found = told()
    found["items"]["data"][0]["price"]["id"] = "price_of_somebody"
    row = subscription_take_over(actor=SYSTEM, tenant_id=acme.id, found=found)
    assert row is not None
    assert row.price is None
    assert plan(acme) == "free"


def test_only_the_platform_takes_over(owner: Actor, acme: Tenant) -> None:
    with pytest.raises(PermissionDenied):
        subscription_take_over(actor=owner, tenant_id=acme.id, found=told())
    with pytest.raises(PermissionDenied):
        subscription_settle(actor=owner, tenant_id=acme.id)
