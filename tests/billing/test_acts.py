"""What somebody of the tenant does with the subscription is told with their name, once."""

import threading
from typing import Any

import pytest
from django.db import connections

from apps.billing import gateway
from apps.billing.models import Plan, Price, StripeEvent, Subscription
from apps.billing.reconciling import reconcile
from apps.billing.services import (
    catalogue_sync,
    checkout_begin,
    plan_change,
    portal_begin,
    seats_follow,
    subscription_cancel,
    subscription_keep,
)
from apps.common.database import system_connection
from apps.common.errors import Conflict
from apps.common.tenancy import tenant_context
from apps.sandbox.stripe.models import StripeRequest
from tests.billing.test_buying import Shop, shop
from tests.billing.test_sandbox import deliver_all
from tests.billing.test_staff import told
from tests.conftest import SYSTEM

__all__ = ["shop"]

pytestmark = pytest.mark.django_db(transaction=True)


def only(name: str, **wanted: Any) -> None:
    [event] = told(name)
    assert event["by"] == "alice@acme.test"
    assert {key: event[key] for key in wanted} == wanted


def test_buying_and_the_portal(shop: Shop) -> None:
    shop.buy("starter")
    only("checkout_begun", plan="starter", interval="month", currency="EUR")
    with tenant_context(shop.tenant):
        page = portal_begin(actor=shop.owner, tenant=shop.tenant)
        with pytest.raises(Conflict):
            checkout_begin(
                actor=shop.owner, tenant=shop.tenant, price_id=shop.price("starter").id, email=""
            )
    only("portal_opened", session_id=page.id)
    assert len(told("checkout_begun")) == 1


def test_changing_cancelling_and_keeping(shop: Shop) -> None:
    shop.buy("starter")
    shop.pass_days(15)
    business, stripe_id = shop.price("business"), shop.row.stripe_id
    with tenant_context(shop.tenant):
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=business.id, key="1")
        only(
            "subscription_plan_changed",
            from_plan="starter",
            to_plan="business",
            to_interval="month",
            changes_at=None,
        )
        for _twice in range(2):
            subscription_cancel(actor=shop.owner, tenant=shop.tenant)
        only("subscription_cancelled", stripe_id=stripe_id, is_at_once=False)
        for _twice in range(2):
            subscription_keep(actor=shop.owner, tenant=shop.tenant)
        only("subscription_kept", taken_back="cancellation")
        starter = shop.price("starter")
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=starter.id, key="2")
        later = told("subscription_plan_changed")[1]
        assert (later["from_plan"], later["to_plan"]) == ("business", "starter")
        assert later["changes_at"] is not None
        subscription_keep(actor=shop.owner, tenant=shop.tenant)
        assert told("subscription_kept")[1]["taken_back"] == "change"


def test_said_again_nothing_changes_twice(shop: Shop) -> None:
    shop.buy("starter")
    shop.pass_days(15)
    business, starter = shop.price("business"), shop.price("starter")

    def change(price: Price, key: str) -> None:
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=price.id, key=key)

    with tenant_context(shop.tenant):
        for key in ("1", "1", "2"):
            change(business, key)
        assert len(told("subscription_plan_changed")) == 1
        with gateway.stripe_client() as client:
            charged = client.v1.invoices.list({"customer": shop.customer_id}).data
        assert [one.billing_reason for one in charged].count("subscription_update") == 1
        for key in ("3", "4"):
            change(starter, key)
        assert shop.row.next_price == starter
        assert len(told("subscription_plan_changed")) == 2


def test_it_was_done_at_stripe_and_the_answer_was_lost(shop: Shop) -> None:
    shop.buy("starter")
    shop.pass_days(15)
    business, before = shop.price("business"), shop.row
    with tenant_context(shop.tenant):
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=business.id, key="1")
        with system_connection():
            Subscription.objects.update(price=before.price)
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=business.id, key="2")
    assert shop.row.price == business
    with gateway.stripe_client() as client:
        charged = client.v1.invoices.list({"customer": shop.customer_id}).data
    assert [one.billing_reason for one in charged].count("subscription_update") == 1


def test_two_at_the_same_time_are_one_change(shop: Shop) -> None:
    shop.buy("starter")
    shop.pass_days(15)
    business, owner = shop.price("business"), shop.owner
    together = threading.Barrier(2)

    def change(key: str) -> None:
        together.wait(10)
        with tenant_context(shop.tenant):
            plan_change(actor=owner, tenant=shop.tenant, price_id=business.id, key=key)
        connections.close_all()

    others = [threading.Thread(target=change, args=(key,)) for key in "12"]
    for one in others:
        one.start()
    for one in others:
        one.join(30)
    assert shop.row.price == business
    assert len(told("subscription_plan_changed")) == 1


def test_a_change_that_was_dropped_at_stripe_is_forgotten(shop: Shop) -> None:
    shop.buy("business")
    shop.pass_days(15)
    starter = shop.price("starter")
    with tenant_context(shop.tenant):
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=starter.id, key="1")
    with gateway.stripe_client() as client:
        [schedule] = client.v1.subscription_schedules.list({"customer": shop.customer_id}).data
        client.v1.subscription_schedules.release(schedule.id)
    deliver_all()
    with system_connection():
        StripeEvent.objects.all().delete()
    assert shop.row.next_price == starter
    report = reconcile(actor=SYSTEM, tenant=shop.tenant)
    assert (report.counts, report.left) == ({"subscription_next": 1}, [])
    assert (shop.row.next_price, shop.row.next_price_at) == (None, None)


def test_other_seats_are_noted_for_who_follows(shop: Shop) -> None:
    shop.buy("starter")
    with gateway.stripe_client() as client:
        found = client.v1.subscriptions.retrieve(shop.row.stripe_id)
        item = found["items"].data[0]
        client.v1.subscriptions.update(
            shop.row.stripe_id, {"items": [{"id": item.id, "quantity": 9}]}
        )
    deliver_all()
    with system_connection():
        StripeEvent.objects.all().delete()
        Subscription.objects.update(quantity=9)
    assert shop.row.seats_changed_at is None
    reconcile(actor=SYSTEM, tenant=shop.tenant, is_dry_run=True)
    assert shop.row.seats_changed_at is None
    report = reconcile(actor=SYSTEM, tenant=shop.tenant)
    assert "seats" in report.counts
    assert shop.row.seats_changed_at is not None
    assert seats_follow(actor=SYSTEM, tenant_id=shop.tenant.id)
    assert shop.row.quantity == 2


def test_stripe_is_not_asked_where_the_copies_say_the_same(
    shop: Shop, settings: Any, sold: None
) -> None:
    shop.settle()
    asked = StripeRequest.objects.count()
    assert catalogue_sync(actor=SYSTEM, dry_run=False, unless_current=True) == []
    assert StripeRequest.objects.count() == asked
    with system_connection():
        Plan.objects.filter(code="starter").update(name="Beginner")
    [step] = catalogue_sync(actor=SYSTEM, dry_run=False, unless_current=True)
    assert (step.action, step.fields) == ("update", {"name": "Beginner"})
