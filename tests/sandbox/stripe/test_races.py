"""Many at once: what may happen once happens once."""

import threading
from collections.abc import Callable

import pytest
import stripe

from tests.sandbox.stripe.browser import Browser
from tests.sandbox.stripe.conftest import Sandbox
from tests.sandbox.stripe.test_checkout import opened, url_of


def at_once(number: int, act: Callable[[], object]) -> list[object]:
    """What each returned, or the exception that it raised."""
    barrier, results = threading.Barrier(number), []

    def run() -> None:
        barrier.wait()
        try:
            results.append(act())
        except stripe.StripeError as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_one_intent_is_charged_once(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "eur"})
    results = at_once(
        10,
        lambda: sandbox.client().v1.payment_intents.confirm(
            intent.id, {"payment_method": "pm_card_visa"}
        ),
    )
    paid = [one for one in results if isinstance(one, stripe.PaymentIntent)]
    refused = [one for one in results if isinstance(one, stripe.InvalidRequestError)]
    assert (len(paid), len(refused)) == (1, 9)
    assert {one.code for one in refused} == {"payment_intent_unexpected_state"}
    assert len(client.v1.charges.list().data) == 1


def test_no_more_is_refunded_than_was_paid(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    intent = client.v1.payment_intents.create(
        {"amount": 1000, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
    )
    at_once(
        10,
        lambda: sandbox.client().v1.refunds.create({"payment_intent": intent.id, "amount": 300}),
    )
    assert sum(one.amount for one in client.v1.refunds.list().data) == 900
    charge = client.v1.charges.retrieve(str(intent.latest_charge))
    assert charge.amount_refunded == 900


def test_a_meter_event_counts_once(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({})
    client.v1.billing.meters.create(
        {
            "display_name": "Calls",
            "event_name": "calls",
            "default_aggregation": {"formula": "sum"},
        }
    )
    results = at_once(
        10,
        lambda: sandbox.client().v1.billing.meter_events.create(
            {
                "event_name": "calls",
                "identifier": "one",
                "payload": {"stripe_customer_id": customer.id, "value": "1"},
            }
        ),
    )
    assert len([one for one in results if isinstance(one, stripe.billing.MeterEvent)]) == 1


def test_a_checkout_that_is_sent_twice(client: stripe.StripeClient) -> None:
    session = opened(client)
    url = url_of(session)
    at_once(5, lambda: Browser().pay(url))
    assert len(client.v1.charges.list().data) == 1
    types = [event.type for event in client.v1.events.list({"limit": 100}).data]
    assert types.count("checkout.session.completed") == 1


def test_an_answer_that_comes_too_late(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library gives up waiting and sends again, with the same key: one customer."""
    monkeypatch.setattr("stripe._http_client.HTTPClient.INITIAL_DELAY", 0.05)
    sandbox.control("fail", kind="timeout", times=1, path="/v1/customers", seconds=3)
    http = stripe.RequestsClient(timeout=1)
    client = stripe.StripeClient(
        sandbox.account.secret_key,
        base_addresses={"api": f"{sandbox.url}/sandbox/stripe"},
        http_client=http,
        max_network_retries=5,
    )
    made = client.v1.customers.create({"name": "A"})
    [found] = sandbox.client().v1.customers.list().data
    assert found.id == made.id
    http.close()
