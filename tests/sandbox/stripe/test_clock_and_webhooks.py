"""Time that passes, and events on their way to endpoints."""

import json

import pytest
import stripe
from django.utils import timezone

from apps.sandbox.stripe import courier
from apps.sandbox.stripe.models import StripeDelivery, StripeObject
from tests.sandbox.stripe.conftest import BEGIN, Receiver, Sandbox

DAY = 24 * 3600


def test_the_accounts_time(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    assert sandbox.control("advance", seconds=DAY) == {"now": BEGIN + DAY, "done": 0}
    assert client.v1.customers.create({}).created == BEGIN + DAY
    assert sandbox.get("/control/advance/", "POST", json={"to": BEGIN}).status_code == 400
    assert sandbox.get("/control/advance/", "POST", json={"to": "soon"}).status_code == 400
    assert sandbox.get("/control/dance/", "POST").status_code == 404
    assert client.v1.customers.create({}).created == BEGIN + DAY
    sandbox.control("thaw")
    assert client.v1.customers.create({}).created - BEGIN - DAY in range(60)


def test_a_test_clock_and_its_customers(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": BEGIN + 5 * DAY, "name": "x"})
    customer = client.v1.customers.create({"test_clock": clock.id})
    assert (customer.created, customer.test_clock) == (BEGIN + 5 * DAY, clock.id)
    assert client.v1.customers.list().data == []
    assert len(client.v1.customers.list({"test_clock": clock.id}).data) == 1
    with pytest.raises(stripe.InvalidRequestError, match="only be advanced forward"):
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": BEGIN})
    told = client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": BEGIN + 6 * DAY})
    assert told.status == "advancing"
    now = client.v1.test_helpers.test_clocks.retrieve(clock.id)
    assert (now.status, now.frozen_time) == ("ready", BEGIN + 6 * DAY)
    client.v1.test_helpers.test_clocks.delete(clock.id)
    assert client.v1.customers.retrieve(customer.id).deleted
    # Nobody deleted it: a clock goes after 30 days of the account's time.
    left = client.v1.test_helpers.test_clocks.create({"frozen_time": BEGIN})
    assert sandbox.control("advance", seconds=31 * DAY)["done"] == 1
    with pytest.raises(stripe.InvalidRequestError, match="No such test_helpers"):
        client.v1.test_helpers.test_clocks.retrieve(left.id)


def endpoint(client: stripe.StripeClient, url: str, *events: str) -> stripe.WebhookEndpoint:
    return client.v1.webhook_endpoints.create({"url": url, "enabled_events": [*events]})


def test_signed_deliveries(client: stripe.StripeClient, receiver: Receiver) -> None:
    made = endpoint(client, receiver.url, "customer.created")
    assert made.secret is not None
    assert "secret" not in client.v1.webhook_endpoints.retrieve(made.id).to_dict()
    client.v1.customers.delete(client.v1.customers.create({"name": "Ä"}).id)
    assert courier.deliver_due() == 1
    assert courier.deliver_due() == 0
    [(body, signature)] = receiver.got
    event = stripe.Webhook.construct_event(body, signature, made.secret)
    assert (event.type, event.data.to_dict()["object"]["name"]) == ("customer.created", "Ä")
    assert event.to_dict()["request"]["id"].startswith("req_")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, signature, "whsec_other")
    assert client.v1.events.retrieve(event.id).pending_webhooks == 0
    client.v1.webhook_endpoints.update(made.id, {"disabled": True})
    client.v1.customers.create({})
    assert courier.deliver_due() == 0


def test_what_is_refused_comes_again(
    sandbox: Sandbox, client: stripe.StripeClient, receiver: Receiver
) -> None:
    endpoint(client, receiver.url, "*")
    receiver.answers = [500, 302, 200]
    client.v1.customers.create({})
    for wanted in ("pending", "pending", "delivered"):
        StripeDelivery.objects.update(next_at=timezone.now())
        courier.deliver_due()
        assert StripeDelivery.objects.get().status == wanted
    assert len({body for body, _signature in receiver.got}) == 1
    assert [one["status"] for one in StripeDelivery.objects.get().attempts] == [500, 302, 200]
    event = client.v1.events.list().data[0]
    assert sandbox.control("resend", event=event.id) == {"deliveries": 1}
    assert sandbox.control("deliver") == {"sent": 1}
    assert len(receiver.got) == 4
    StripeDelivery.objects.all().delete()
    client.v1.customers.create({})
    receiver.answers = [500] * 10
    for _ in range(10):
        StripeDelivery.objects.update(next_at=timezone.now())
        courier.deliver_due()
    delivery = StripeDelivery.objects.get()
    assert (delivery.status, len(delivery.attempts)) == ("failed", 1 + len(courier.PAUSES_S))


def test_nobody_listens(client: stripe.StripeClient) -> None:
    made = endpoint(client, "http://127.0.0.1:9/", "*")
    client.v1.customers.create({})
    assert courier.deliver_due() == 1
    [attempt] = StripeDelivery.objects.get().attempts
    assert (attempt["status"], attempt["text"]) == (0, "ConnectionError")
    client.v1.webhook_endpoints.delete(made.id)
    StripeDelivery.objects.update(next_at=timezone.now())
    assert courier.deliver_due() == 0
    assert StripeDelivery.objects.get().status == "failed"


def test_many_are_sent_at_once(client: stripe.StripeClient, receiver: Receiver) -> None:
    endpoint(client, receiver.url, "*")
    for _ in range(20):
        client.v1.customers.create({})
    assert courier.deliver_due() == 20
    ids = [json.loads(body)["id"] for body, _signature in receiver.got]
    assert len(set(ids)) == 20
    assert set(StripeDelivery.objects.values_list("status", flat=True)) == {"delivered"}


def test_an_event_is_undone_with_its_change(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.webhook_endpoints.create({"url": "no", "enabled_events": ["*"]})
    assert StripeObject.objects.count() == 0
