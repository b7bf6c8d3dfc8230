"""What staff do with subscriptions, against the sandbox's Stripe."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from apps.accounts.models import Person
from apps.billing import gateway
from apps.billing.enums import Standing as G
from apps.billing.inbox.lanes import lane_lock
from apps.billing.models import BillingCustomer, Subscription
from apps.billing.services import (
    plan_change,
    subscription_cancel_by_staff,
    subscription_refresh,
)
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant, TenantEvent
from tests.billing.test_buying import Shop, shop

__all__ = ["shop"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def support(staff: Person) -> Actor:
    return Actor.staff(staff.id, staff.email)


def told(name: str) -> list[dict[str, object]]:
    with system_connection():
        found = OutboxEvent.objects.filter(name=f"billing.{name}").order_by("position")
        return [{**one.payload, "by": one.actor_label} for one in found]


def history(tenant: Tenant) -> list[tuple[str, str]]:
    with system_connection():
        found = TenantEvent.objects.filter(tenant=tenant, action__startswith="subscription_")
        return list(found.order_by("created_at").values_list("action", "reason"))


def test_what_stripe_says_is_taken_over(shop: Shop, support: Actor) -> None:
    shop.buy("starter")
    before = shop.row
    with system_connection():
        Subscription.objects.filter(tenant=shop.tenant).update(standing="paused", quantity=9)
    subscription_refresh(actor=support, tenant_id=shop.tenant.id, reason=" A lost event ")
    assert (shop.row.standing, shop.row.quantity) == (G.TRIAL, before.quantity)
    [event] = told("subscription_refreshed")
    assert event["by"] == support.label
    assert event["stripe_id"] == before.stripe_id
    assert history(shop.tenant) == [("subscription_refreshed", "A lost event")]


def test_a_change_that_waits_goes_on_waiting(shop: Shop, support: Actor) -> None:
    shop.buy("business")
    shop.pass_days(15)
    starter = shop.price("starter")
    with tenant_context(shop.tenant):
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=starter.id, key="1")
    subscription_refresh(actor=support, tenant_id=shop.tenant.id, reason="x")
    assert shop.row.next_price == starter
    subscription_cancel_by_staff(
        actor=support, tenant_id=shop.tenant.id, is_at_once=False, reason="x"
    )
    assert (shop.row.next_price, shop.row.ends_at) == (None, shop.row.period_ends_at)


def test_cancelled_with_the_period(shop: Shop, support: Actor) -> None:
    shop.buy("business")
    shop.pass_days(15)
    subscription_cancel_by_staff(
        actor=support, tenant_id=shop.tenant.id, is_at_once=False, reason="Asked by mail"
    )
    assert (shop.row.standing, shop.row.ends_at) == (G.ACTIVE, shop.row.period_ends_at)
    shop.pass_days(32)
    assert (shop.row.standing, shop.plan) == (G.ENDED, "free")


def test_cancelled_at_once(shop: Shop, support: Actor) -> None:
    shop.buy("business")
    stripe_id = shop.row.stripe_id
    cancel = {"actor": support, "tenant_id": shop.tenant.id, "is_at_once": True}
    subscription_cancel_by_staff(**cancel, reason="Fraud")
    assert (shop.row.standing, shop.plan) == (G.ENDED, "free")
    with gateway.stripe_client() as client:
        assert client.v1.subscriptions.retrieve(stripe_id).status == "canceled"
    [event] = told("subscription_cancelled")
    assert (event["is_at_once"], event["by"]) == (True, support.label)
    assert history(shop.tenant) == [("subscription_cancelled", "cancelled at once: Fraud")]
    with pytest.raises(Conflict) as caught:
        subscription_cancel_by_staff(**cancel, reason="Again")
    assert caught.value.code == "not_subscribed"
    shop.settle()
    assert (shop.row.standing, len(told("subscription_cancelled"))) == (G.ENDED, 1)


def test_what_is_refused_changes_nothing(shop: Shop, support: Actor, globex: Tenant) -> None:
    shop.buy("starter")
    before = (shop.row.standing, shop.row.ends_at)
    acts: list[Callable[[Actor, Tenant, str], None]] = [
        lambda actor, tenant, reason: subscription_refresh(
            actor=actor, tenant_id=tenant.id, reason=reason
        ),
        lambda actor, tenant, reason: subscription_cancel_by_staff(
            actor=actor, tenant_id=tenant.id, is_at_once=True, reason=reason
        ),
    ]
    for act in acts:
        with pytest.raises(PermissionDenied):
            act(shop.owner, shop.tenant, "x")
        with pytest.raises(InvalidInput):
            act(support, shop.tenant, "  ")
        with pytest.raises(NotFound):
            act(support, globex, "x")
    assert (shop.row.standing, shop.row.ends_at) == before
    assert told("subscription_refreshed") == told("subscription_cancelled") == []
    assert history(shop.tenant) == []


def test_while_the_inbox_is_at_it_staff_wait(shop: Shop, support: Actor) -> None:
    shop.buy("starter")
    with system_connection():
        customer = BillingCustomer.objects.get(tenant=shop.tenant)
    refused: list[str] = []

    def ask() -> None:
        try:
            subscription_refresh(actor=support, tenant_id=shop.tenant.id, reason="x")
        except Conflict as error:
            refused.append(error.code)
        finally:
            connections.close_all()

    with system_connection(), lane_lock(customer.stripe_id or ""):
        other = threading.Thread(target=ask)
        other.start()
        other.join(30)
    assert refused == ["busy"]
    assert told("subscription_refreshed") == []
