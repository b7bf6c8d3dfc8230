"""From stored to effect, against a double of Stripe."""

from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from apps.billing import gateway
from apps.billing.inbox import mirror
from apps.billing.inbox.processing import MAX_ATTEMPTS, lane_process
from apps.billing.inbox.registry import StripeChange, stripe_handler
from apps.billing.models import BillingCustomer, StripeEvent
from apps.billing.tasks import sweep_stripe_events
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from tests.billing.stripe_double import StripeDouble
from tests.billing.support import deliver, event, state_of

pytestmark = pytest.mark.django_db


def mirrored(model: str, object_id: str) -> dict[str, Any]:
    """The copy that dj-stripe's table has."""
    found: Any = apps.get_model("djstripe", model).objects.get(id=object_id)
    return dict(found.stripe_data)


def subscription(double: StripeDouble, **fields: Any) -> dict[str, Any]:
    """With a customer, a product and a price; what is not said stays."""
    double.put(
        id="cus_1", object="customer", email="billing@acme.test", name="Acme", currency="eur"
    )
    double.put(id="prod_1", object="product", name="Team", active=True, type="service")
    price = double.put(
        id="price_1",
        object="price",
        active=True,
        currency="eur",
        product="prod_1",
        type="recurring",
        unit_amount=900,
        recurring={"interval": "month", "interval_count": 1, "usage_type": "licensed"},
    )
    item = {
        "id": "si_1",
        "object": "subscription_item",
        "created": 1_700_000_000,
        "metadata": {},
        "price": price,
        "quantity": 3,
        "subscription": "sub_1",
        "current_period_start": 1_700_000_000,
        "current_period_end": 1_702_592_000,
    }
    return double.put(
        **{
            "id": "sub_1",
            "object": "subscription",
            "customer": "cus_1",
            "status": "active",
            "items": {"object": "list", "data": [item], "has_more": False, "url": "/v1/x"},
            **fields,
        }
    )


def due_now() -> None:
    StripeEvent.objects.filter(state="pending").update(next_attempt_at=timezone.now())


def test_what_stripe_says_now_counts(stripe_double: StripeDouble, queued: list[str]) -> None:
    """The event says trialing; meanwhile it is active."""
    told = event(
        "customer.subscription.created", {**subscription(stripe_double), "status": "trialing"}
    )
    deliver(told)
    assert lane_process("cus_1") == 1
    assert state_of(told) == "done"
    assert mirrored("Subscription", "sub_1")["status"] == "active"
    assert mirrored("Customer", "cus_1")["email"] == "billing@acme.test"
    assert mirrored("Price", "price_1")["unit_amount"] == 900
    item = apps.get_model("djstripe", "SubscriptionItem").objects.get(id="si_1")
    assert (item.subscription_id, item.price.id) == ("sub_1", "price_1")


def test_dj_stripe_gets_no_key(
    stripe_double: StripeDouble, queued: list[str], settings: Any
) -> None:
    deliver(event("customer.subscription.created", subscription(stripe_double)))
    lane_process("cus_1")
    assert apps.get_model("djstripe", "APIKey").objects.count() == 0
    assert stripe_double.count("GET", "/v1/account") == 0
    assert {one["Authorization"] for one in stripe_double.headers} == {
        f"Bearer {settings.STRIPE_SECRET_KEY}"
    }
    assert {one["Stripe-Version"] for one in stripe_double.headers} == {settings.STRIPE_API_VERSION}


def test_dj_stripe_asks_nothing_by_itself() -> None:
    customer: Any = apps.get_model("djstripe", "Customer")
    with pytest.raises(RuntimeError, match="only while the inbox lets it"):
        customer(id="cus_1").api_retrieve(api_key=mirror.NO_KEY)


def test_events_about_one_object_are_one_request(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange]
) -> None:
    now = subscription(stripe_double)
    told = [event("customer.subscription.updated", {**now, "status": str(n)}) for n in range(10)]
    for one in told:
        deliver(one)
    assert lane_process("cus_1") == 10
    assert stripe_double.count("GET", "/v1/subscriptions/sub_1") == 1
    assert [change.event_id for change in heard] == [one["id"] for one in told]
    assert {change.current["status"] for change in heard} == {"active"}
    assert [change.told["status"] for change in heard] == [str(n) for n in range(10)]


def test_each_takes_effect_once(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange]
) -> None:
    told = event("customer.subscription.updated", subscription(stripe_double))
    for _ in range(5):
        deliver(told)
        lane_process("cus_1")
    assert [change.event_id for change in heard] == [told["id"]]


def test_handlers_are_told_whose_it_is(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange], acme: Tenant
) -> None:
    BillingCustomer.objects.create(tenant=acme, stripe_id="cus_1")
    told = event(
        "customer.subscription.updated",
        subscription(stripe_double),
        previous={"status": "trialing"},
    )
    deliver(told)
    lane_process("cus_1")
    [change] = heard
    assert (change.tenant_id, change.customer_id) == (acme.id, "cus_1")
    assert (change.previous, change.is_gone) == ({"status": "trialing"}, False)


def test_an_object_that_is_gone(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange]
) -> None:
    """Its copy stays, marked: others refer to it."""
    now = subscription(stripe_double)
    deliver(event("customer.subscription.created", now))
    lane_process("cus_1")
    stripe_double.put(id="cus_1", object="customer", deleted=True)
    del stripe_double.objects["/v1/products/prod_1"]
    deliver(event("customer.deleted", {"id": "cus_1", "object": "customer"}))
    deliver(event("product.updated", {"id": "prod_1", "object": "product"}))
    assert (lane_process("cus_1"), lane_process("prod_1")) == (1, 1)
    assert [change.is_gone for change in heard] == [False, True, True]
    customer = apps.get_model("djstripe", "Customer").objects.get(id="cus_1")
    assert customer.stripe_data["deleted"] is True
    assert customer.date_purged is not None
    assert mirrored("Product", "prod_1")["deleted"] is True
    assert mirrored("Subscription", "sub_1")["status"] == "active"


def test_what_has_no_id_is_told_as_it_is(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange]
) -> None:
    upcoming = {"object": "invoice", "customer": "cus_1", "amount_due": 900}
    deliver(event("invoice.upcoming", upcoming))
    deliver(event("balance.available", {"object": "balance"}))
    for lane in queued:
        lane_process(lane)
    assert [(change.type, change.current) for change in heard] == [
        ("invoice.upcoming", upcoming),
        ("balance.available", {"object": "balance"}),
    ]
    assert stripe_double.requests == []


def test_what_nobody_wants_is_done(stripe_double: StripeDouble, queued: list[str]) -> None:
    told = event("payout.paid", {"id": "po_1", "object": "payout"})
    deliver(told)
    assert lane_process("po_1") == 1
    assert (state_of(told), stripe_double.requests) == ("done", [])


def test_an_outage_is_waited_for(stripe_double: StripeDouble, queued: list[str]) -> None:
    """However long it lasts: no event is given up for it."""
    told = event("customer.created", stripe_double.put(id="cus_1", object="customer", name="A"))
    deliver(told)
    stripe_double.outage = 503
    stored = StripeEvent.objects.get()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("apps.billing.gateway.MAX_RETRIES", 0)
        for _ in range(MAX_ATTEMPTS + 2):
            due_now()
            assert lane_process("cus_1") == 0
    stored.refresh_from_db()
    assert (stored.state, stored.attempts) == ("pending", MAX_ATTEMPTS - 1)
    assert stored.last_error.startswith("StripeUnavailable: ")
    assert stored.next_attempt_at > timezone.now()
    stripe_double.outage = 0
    gateway.BREAKER.reset()  # which tries again by itself in a while
    due_now()
    assert lane_process("cus_1") == 1
    stored.refresh_from_db()
    assert (stored.state, stored.last_error) == ("done", "")


def test_a_handler_that_fails_is_tried_again_and_given_up(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange]
) -> None:
    def break_down(_change: StripeChange) -> None:
        raise ValueError("cannot\x00 bear it")

    stripe_handler("customer.created")(break_down)
    told = event("customer.created", stripe_double.put(id="cus_1", object="customer", name="A"))
    deliver(told)
    assert lane_process("cus_1") == 0
    stored = StripeEvent.objects.get()
    assert (stored.state, stored.attempts) == ("pending", 1)
    assert stored.last_error.endswith("ValueError: cannot bear it\n")
    wait_s = (stored.next_attempt_at - timezone.now()).total_seconds()
    assert 0 < wait_s <= 2
    for _ in range(MAX_ATTEMPTS - 1):
        due_now()
        lane_process("cus_1")
    assert state_of(told) == "dead"
    # Nothing of it is there, and the platform is told.
    assert not apps.get_model("djstripe", "Customer").objects.exists()
    [failed] = OutboxEvent.objects.filter(name="billing.stripe_event_failed")
    assert failed.payload == {
        "stripe_event_id": str(stored.id),
        "stripe_id": told["id"],
        "type": "customer.created",
        "attempts": MAX_ATTEMPTS,
    }
    assert (failed.tenant_id, failed.actor_label) == (None, "system:billing")


def test_one_that_is_poisoned_holds_up_no_other(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange]
) -> None:
    def break_down(_change: StripeChange) -> None:
        raise ValueError("no")

    stripe_handler("customer.subscription.paused")(break_down)
    now = subscription(stripe_double)
    kinds = ("created", "paused", "updated")
    told = {kind: event(f"customer.subscription.{kind}", now) for kind in kinds}
    for one in told.values():
        deliver(one)
    assert lane_process("cus_1") == 2
    assert [state_of(one) for one in told.values()] == ["done", "pending", "done"]
    done = StripeEvent.objects.filter(state="done").values_list("stripe_id", flat=True)
    assert set(done) == {told["created"]["id"], told["updated"]["id"]}


def test_a_handler_that_swallows_a_database_error_fails(
    stripe_double: StripeDouble, queued: list[str], heard: list[StripeChange]
) -> None:
    from django.db import DatabaseError, connection

    def swallow(_change: StripeChange) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")
        except DatabaseError:
            connection.needs_rollback = True

    stripe_handler("customer.created")(swallow)
    told = event("customer.created", stripe_double.put(id="cus_1", object="customer"))
    deliver(told)
    assert lane_process("cus_1") == 0
    assert state_of(told) == "pending"


def test_an_event_that_ends_its_worker_is_given_up(
    stripe_double: StripeDouble, queued: list[str]
) -> None:
    """Attempts are counted when they begin."""
    told = event("customer.created", stripe_double.put(id="cus_1", object="customer"))
    deliver(told)
    StripeEvent.objects.update(attempts=MAX_ATTEMPTS)
    assert lane_process("cus_1") == 0
    stored = StripeEvent.objects.get()
    assert (stored.state, stored.last_error) == ("dead", "Every attempt ended its worker.")


def test_the_sweep_finds_what_was_left(stripe_double: StripeDouble, queued: list[str]) -> None:
    for lane in ("cus_1", "cus_2", "cus_3"):
        deliver(event("customer.created", stripe_double.put(id=lane, object="customer")))
    later = timezone.now() + timezone.timedelta(seconds=60)
    StripeEvent.objects.filter(lane="cus_2").update(next_attempt_at=later)
    StripeEvent.objects.filter(lane="cus_3").update(state="dead")
    queued.clear()
    sweep_stripe_events()
    assert queued == ["cus_1"]


def test_a_reply_that_dj_stripe_cannot_store_is_noted(
    stripe_double: StripeDouble, queued: list[str]
) -> None:
    """A NUL, which no column of JSON holds: kept as failed, not lost."""
    told = event("customer.created", stripe_double.put(id="cus_1", object="customer", name="A\x00"))
    deliver(told)
    assert lane_process("cus_1") == 0
    stored = StripeEvent.objects.get()
    assert stored.state == "pending"
    assert "\\u0000" in stored.last_error
