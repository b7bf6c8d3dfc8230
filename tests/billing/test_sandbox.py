"""The inbox against the sandbox's Stripe, by Stripe's library, over real HTTP in both directions."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.apps import apps
from django.utils import timezone

from apps.accounts.models import Person
from apps.billing import gateway
from apps.billing import stripe_shapes as shapes
from apps.billing.customers import billing_customer_ensure
from apps.billing.endpoints import Endpoint, events_wanted, stripe_endpoint_set
from apps.billing.inbox.mirror import MIRRORED
from apps.billing.inbox.processing import lane_process
from apps.billing.inbox.registry import StripeChange
from apps.billing.models import StripeEvent
from apps.sandbox.stripe import accounts, courier
from apps.sandbox.stripe.models import StripeDelivery
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint(
    settings: Any, stripe_at: str, queued: list[str], acme: Tenant, alice: Person
) -> Iterator[Endpoint]:
    """An account whose events are delivered to our hook, by the sandbox's courier."""
    account = accounts.account_create("Tests")
    settings.STRIPE_SECRET_KEY = account.secret_key
    settings.STRIPE_API_BASE = f"{stripe_at}/sandbox/stripe"
    made = stripe_endpoint_set(actor=SYSTEM, url=f"{stripe_at}/hooks/stripe/")
    settings.STRIPE_WEBHOOK_SECRETS = [made.secret]
    yield made
    gateway._client.cache_clear()


def deliver_all(times: int = 1, chance: random.Random | None = None, lost: float = 0) -> int:
    """What waits at Stripe, `times` over and shuffled; some deliveries do not come."""
    waiting = StripeDelivery.objects.filter(status="pending")
    waiting.update(next_at=timezone.now())
    parcels, _gone = courier._take(waiting.count())
    parcels *= times
    if chance:
        chance.shuffle(parcels)
        parcels = [one for one in parcels if chance.random() >= lost]
    with requests.Session() as session:
        answers = [(one.delivery_id, *courier._send(session, one)) for one in parcels]
    courier._note(answers, set())
    return len(parcels)


def work() -> None:
    while lanes := set(StripeEvent.objects.filter(state="pending").values_list("lane", flat=True)):
        for lane in lanes:
            lane_process(lane)
        failed = StripeEvent.objects.exclude(last_error="").values_list("type", "last_error")
        assert list(failed) == []


def copies() -> dict[str, dict[str, Any]]:
    return {
        name: {row.id: row.stripe_data for row in apps.get_model("djstripe", name).objects.all()}
        for name in MIRRORED
    }


def live(customer_id: str) -> None:
    """Somebody buys once, and changes their mind about most of it."""
    with gateway.stripe_client() as client:
        product = client.v1.products.create({"name": "Team"})
        price = client.v1.prices.create(
            {
                "product": product.id,
                "currency": "eur",
                "unit_amount": 900,
                "recurring": {"interval": "month"},
            }
        )
        client.v1.products.update(product.id, {"name": "Team plan"})
        client.v1.coupons.create({"percent_off": 10, "duration": "once"})
        client.v1.customers.update(customer_id, {"email": "pays@acme.test"})
        method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer_id})
        client.v1.customers.update(
            customer_id, {"invoice_settings": {"default_payment_method": method.id}}
        )
        subscribed = client.v1.subscriptions.create(
            {"customer": customer_id, "items": [{"price": price.id, "quantity": 2}]}
        )
        client.v1.subscriptions.update(
            subscribed.id,
            {
                "items": [{"id": subscribed["items"].data[0].id, "quantity": 5}],
                "proration_behavior": "always_invoice",
            },
        )
        client.v1.subscriptions.update(subscribed.id, {"cancel_at_period_end": True})
        paid = client.v1.payment_intents.create(
            {
                "amount": 1900,
                "currency": "eur",
                "customer": customer_id,
                "payment_method": method.id,
                "confirm": True,
                "off_session": True,
            }
        )
        client.v1.refunds.create({"payment_intent": paid.id, "amount": 400})
        other = client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer_id})
        client.v1.payment_methods.detach(other.id)
        client.v1.customers.update(customer_id, {"name": "Acme GmbH"})


def test_from_a_purchase_to_our_tables(
    endpoint: Endpoint, heard: list[StripeChange], acme: Tenant
) -> None:
    customer = billing_customer_ensure(actor=SYSTEM, tenant=acme, email="old@acme.test")
    assert customer.stripe_id is not None
    live(customer.stripe_id)
    sent = deliver_all()
    assert StripeDelivery.objects.filter(status="delivered").count() == sent
    work()
    customer.refresh_from_db()
    assert (customer.name, customer.email) == ("Acme GmbH", "pays@acme.test")
    found = copies()
    charged = sorted((one["amount"], one["amount_refunded"]) for one in found["Charge"].values())
    assert charged == [(1800, 0), (1900, 400), (2700, 0)]
    [subscription] = found["Subscription"].values()
    assert (subscription["status"], subscription["cancel_at_period_end"]) == ("active", True)
    assert subscription["items"]["data"][0]["quantity"] == 5
    invoices = found["Invoice"].values()
    assert {shapes.invoice_subscription_id(one) for one in invoices} == {subscription["id"]}
    assert {shapes.invoice_is_paid(one) for one in invoices} == {True}
    paid_by = {shapes.invoice_payment_intent_id(one) for one in invoices}
    assert len(paid_by) == 2
    assert paid_by < set(found["PaymentIntent"])
    items = apps.get_model("djstripe", "LineItem").objects.all()
    assert sorted(line.stripe_data["amount"] for line in items) == [-1800, 1800, 4500]
    assert [one["name"] for one in found["Product"].values()] == ["Team plan"]
    [price] = found["Price"].values()
    assert price["unit_amount"] == 900
    attached = {one["card"]["brand"]: one["customer"] for one in found["PaymentMethod"].values()}
    assert attached == {"visa": customer.stripe_id, "mastercard": None}
    assert {change.tenant_id for change in heard if change.customer_id} == {acme.id}
    assert {change.type for change in heard} >= {
        "customer.created",
        "payment_intent.succeeded",
        "charge.refunded",
        "payment_method.detached",
    }
    assert len({change.event_id for change in heard}) == len(heard) == sent


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_five_times_and_with_losses(
    endpoint: Endpoint, heard: list[StripeChange], acme: Tenant, seed: int
) -> None:
    customer = billing_customer_ensure(actor=SYSTEM, tenant=acme)
    assert customer.stripe_id is not None
    live(customer.stripe_id)
    deliver_all(5, random.Random(seed), lost=0.05)
    work()
    shuffled = copies()
    events = {change.event_id for change in heard}
    assert len(events) == len(heard)
    for name in MIRRORED:
        apps.get_model("djstripe", name).objects.all().delete()
    StripeEvent.objects.all().delete()
    StripeDelivery.objects.update(status="pending")
    deliver_all()
    work()
    assert copies() == shuffled


def test_the_endpoint_is_kept_up(endpoint: Endpoint) -> None:
    assert endpoint.is_new
    assert endpoint.secret.startswith("whsec_")
    with gateway.stripe_client() as client:
        client.v1.webhook_endpoints.update(
            endpoint.stripe_id, {"disabled": True, "enabled_events": ["invoice.paid"]}
        )
    again = stripe_endpoint_set(actor=SYSTEM, url=endpoint.url)
    assert (again.stripe_id, again.is_new, again.secret) == (endpoint.stripe_id, False, "")
    with gateway.stripe_client() as client:
        [found] = client.v1.webhook_endpoints.list().data
    assert (found.status, sorted(found.enabled_events)) == ("enabled", sorted(events_wanted()))
