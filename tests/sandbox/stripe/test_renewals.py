"""What time does: payments that fail and recover, pauses, usage, what is told before."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.billing import DAY_S, Shop, at
from tests.sandbox.stripe.conftest import BEGIN, Sandbox

DECLINES = "pm_card_chargeCustomerFail"
ASKS = "pm_card_authenticationRequired"
START, RENEWS = "2026-04-01", "2026-05-01"
HOUR_S = 3600


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    made = Shop(sandbox)
    made.pass_time(START)
    return made


@pytest.fixture
def failing(shop: Shop) -> tuple[str, stripe.Subscription]:
    """A customer whose card stops working after the first month, at the first attempt."""
    customer = shop.customer()
    found = shop.subscribe(customer, shop.price(2000))
    shop.card(customer, DECLINES)
    shop.pass_time(at(RENEWS) + HOUR_S)
    return customer, found


def test_a_renewal_is_a_draft_for_an_hour(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(), shop.price(2000))
    shop.pass_time(at(RENEWS) + HOUR_S - 1)
    draft = shop.invoice(found)
    assert (draft.status, draft.number, draft.auto_advance) == ("draft", None, True)
    assert draft.automatically_finalizes_at == draft.next_payment_attempt == at(RENEWS) + HOUR_S
    shop.v1.invoice_items.create(
        {
            "customer": str(draft.customer),
            "invoice": draft.id,
            "amount": 500,
            "description": "Setup",
        }
    )
    shop.pass_time(at(RENEWS) + HOUR_S)
    assert (shop.invoice(found).status, shop.invoice(found).amount_paid) == ("paid", 2500)


def test_an_invoice_is_announced_seven_days_before(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(), shop.price(2000))
    shop.pass_time(at(RENEWS) - 7 * DAY_S)
    (told,) = shop.events("invoice.upcoming")
    invoice = told.data.object
    assert (invoice["total"], invoice["parent"]["subscription_details"]["subscription"]) == (
        2000,
        found.id,
    )
    assert invoice["lines"]["data"][0]["period"]["start"] == at(RENEWS)
    shop.pass_time(at(RENEWS) - 1)
    assert len(shop.events("invoice.upcoming")) == 1


def test_a_failed_payment_is_tried_again_and_recovers(
    shop: Shop, failing: tuple[str, stripe.Subscription]
) -> None:
    customer, found = failing
    first_at = at(RENEWS) + HOUR_S
    invoice = shop.invoice(found)
    assert (shop.status(found), invoice.status, invoice.attempt_count) == ("past_due", "open", 1)
    assert invoice.next_payment_attempt == first_at + DAY_S
    failed = shop.events("invoice.payment_failed")
    assert failed[-1].data.object["next_payment_attempt"] == first_at + DAY_S
    for days, attempts in ((1, 2), (3, 3)):
        shop.pass_time(first_at + days * DAY_S)
        assert shop.invoice(found).attempt_count == attempts
    assert shop.invoice(found).next_payment_attempt == first_at + 5 * DAY_S
    shop.card(customer, "pm_card_visa")
    shop.pass_time(first_at + 5 * DAY_S)
    invoice = shop.invoice(found)
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == (
        "paid",
        4,
        None,
    )
    assert shop.status(found) == "active"
    (recovered,) = shop.events("customer.subscription.updated")[-1:]
    assert recovered.data.previous_attributes["status"] == "past_due"  # type: ignore[index]


def test_who_pays_by_hand_recovers_at_once(
    shop: Shop, failing: tuple[str, stripe.Subscription]
) -> None:
    customer, found = failing
    invoice = shop.invoice(found)
    with pytest.raises(stripe.CardError) as error:
        shop.v1.invoices.pay(invoice.id)
    assert error.value.http_status == 402
    # By hand: neither counted, nor tried again at another time for it.
    assert shop.invoice(found).attempt_count == 1
    assert shop.invoice(found).next_payment_attempt == at(RENEWS) + HOUR_S + DAY_S
    assert len(shop.events("invoice.payment_failed")) == 2
    method = shop.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    paid = shop.v1.invoices.pay(invoice.id, {"payment_method": method})
    assert (paid.status, shop.status(found)) == ("paid", "active")
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        shop.v1.invoices.pay(invoice.id)
    shop.pass_time("2026-05-20")
    assert shop.invoice(found).attempt_count == 1


@pytest.mark.parametrize("becomes", ["canceled", "unpaid", "past_due"])
def test_after_the_last_attempt(
    shop: Shop, failing: tuple[str, stripe.Subscription], becomes: str
) -> None:
    customer, found = failing
    shop.sandbox.control("billing", after_retries=becomes)
    shop.pass_time(at(RENEWS) + HOUR_S + 7 * DAY_S)
    invoice = shop.invoice(found)
    assert (invoice.attempt_count, invoice.status, invoice.next_payment_attempt) == (
        5,
        "open",
        None,
    )
    now = shop.v1.subscriptions.retrieve(found.id)
    assert now.status == becomes
    assert now.cancellation_details.reason == (  # type: ignore[union-attr]
        "payment_failed" if becomes == "canceled" else None
    )
    shop.pass_time("2026-06-01T02:00:00")
    statuses = [one.status for one in shop.invoices()]
    expected = {
        "canceled": ["paid", "open"],
        "unpaid": ["paid", "open", "draft"],
        "past_due": ["paid", "open", "open"],
    }
    assert statuses == expected[becomes]
    if becomes == "unpaid":  # who pays the latest is active again
        shop.card(customer, "pm_card_visa")
        shop.v1.invoices.pay(shop.invoice(found).id)
        assert shop.status(found) == "active"


def test_retries_as_the_account_wishes(shop: Shop) -> None:
    shop.sandbox.control("billing", retry_days=[2], after_retries="canceled")
    customer = shop.customer()
    found = shop.subscribe(customer, shop.price(2000))
    shop.card(customer, DECLINES)
    shop.pass_time(at(RENEWS) + HOUR_S + 2 * DAY_S)
    assert (shop.status(found), shop.invoice(found).attempt_count) == ("canceled", 2)


def test_a_bank_that_asks_its_customer(shop: Shop) -> None:
    customer = shop.customer()
    found = shop.subscribe(customer, shop.price(2000))
    shop.card(customer, ASKS)
    shop.pass_time(at(RENEWS) + HOUR_S)
    assert shop.status(found) == "past_due"
    assert len(shop.events("invoice.payment_action_required")) == 1
    secret = shop.invoice(found, "confirmation_secret").confirmation_secret
    intent = secret.client_secret.partition("_secret_")[0]  # type: ignore[union-attr]
    shop.v1.payment_intents.confirm(intent, {"payment_method": "pm_card_visa"})
    assert (shop.status(found), shop.invoice(found).status) == ("active", "paid")


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("keep_as_draft", "draft"), ("void", "void"), ("mark_uncollectible", "uncollectible")],
)
def test_a_pause_of_collection(shop: Shop, behavior: str, status: str) -> None:
    found = shop.subscribe(shop.customer(), shop.price(2000))
    pause: Any = {"behavior": behavior, "resumes_at": at("2026-06-15")}
    paused = shop.v1.subscriptions.update(found.id, {"pause_collection": pause})
    assert paused.pause_collection.behavior == behavior  # type: ignore[union-attr]
    shop.pass_time("2026-06-01T02:00:00")
    assert [one.status for one in shop.invoices()] == ["paid", status, status]
    assert shop.status(found) == "active"
    shop.pass_time("2026-07-01T02:00:00")
    assert shop.v1.subscriptions.retrieve(found.id).pause_collection is None
    assert [one.status for one in shop.invoices()] == ["paid", status, status, "paid"]
    again = shop.v1.subscriptions.update(found.id, {"pause_collection": {"behavior": "void"}})
    assert again.pause_collection is not None
    over = shop.v1.subscriptions.update(found.id, {"pause_collection": ""})
    assert over.pause_collection is None


def test_usage_is_billed_when_the_period_is_over(shop: Shop) -> None:
    meter = shop.v1.billing.meters.create(
        {
            "display_name": "Calls",
            "event_name": "calls",
            "default_aggregation": {"formula": "sum"},
        }
    )
    tiers: Any = [{"up_to": 100, "unit_amount": 0}, {"up_to": "inf", "unit_amount_decimal": "0.5"}]
    usage = shop.price(
        recurring={"usage_type": "metered", "meter": meter.id},
        billing_scheme="tiered",
        tiers_mode="graduated",
        tiers=tiers,
    )
    customer = shop.customer()
    found = shop.subscribe(customer, shop.price(2000), usage)
    assert shop.invoice(found).total == 2000
    with pytest.raises(stripe.InvalidRequestError, match="metered"):
        item = found["items"].data[1].id
        shop.v1.subscription_items.update(item, {"quantity": 3})

    def call(many: int, moment: int) -> None:
        payload = {"stripe_customer_id": customer, "value": str(many)}
        event: Any = {"event_name": "calls", "payload": payload, "timestamp": moment}
        shop.v1.billing.meter_events.create(event)

    shop.pass_time("2026-04-20")
    call(400, at("2026-04-20"))
    call(203, at("2026-04-10"))
    seen = shop.v1.invoices.create_preview({"subscription": found.id})
    assert seen.total == 2252  # 503 calls above the first 100, at half a cent
    shop.pass_time(at(RENEWS) + 60)
    call(1000, at(RENEWS))
    shop.pass_time(at(RENEWS) + HOUR_S)
    invoice = shop.invoice(found)
    assert [(one.quantity, one.amount) for one in invoice.lines.data] == [
        (100, 0),
        (503, 252),
        (1, 2000),
    ]
    assert invoice.lines.data[1].description == "503 × Business (Tier 2 at $0.005 / month)"
    assert invoice.lines.data[1].period.start == at(START)
    shop.pass_time("2026-05-10")
    gone = shop.v1.subscriptions.cancel(found.id, {"invoice_now": True})
    assert shop.invoice(gone).total == 450


def test_usage_is_on_a_last_invoice(shop: Shop) -> None:
    meter = shop.v1.billing.meters.create(
        {
            "display_name": "Calls",
            "event_name": "calls",
            "default_aggregation": {"formula": "count"},
        }
    )
    usage = shop.price(100, recurring={"usage_type": "metered", "meter": meter.id})
    customer = shop.customer()
    found = shop.subscribe(customer, usage)
    shop.v1.subscriptions.update(found.id, {"cancel_at_period_end": True})
    payload = {"stripe_customer_id": customer, "value": "1"}
    shop.v1.billing.meter_events.create({"event_name": "calls", "payload": payload})
    shop.pass_time(at(RENEWS) + HOUR_S)
    assert shop.status(found) == "canceled"
    last = shop.invoice(found)
    assert (last.status, last.amount_paid, last.due_date) == ("paid", 100, None)


def test_customers_of_a_test_clock_have_their_own_time(sandbox: Sandbox) -> None:
    shop = Shop(sandbox)
    clock = shop.v1.test_helpers.test_clocks.create({"frozen_time": at("2028-01-31")})
    customer = shop.customer(test_clock=clock.id)
    found = shop.subscribe(customer, shop.price(2000))
    assert (found.created, found.test_clock) == (at("2028-01-31"), clock.id)
    shop.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": at("2028-03-31") + HOUR_S})
    created = [one.created for one in shop.invoices(customer=customer)]
    assert created == [at("2028-01-31"), at("2028-02-29"), at("2028-03-31")]
    assert {one.status for one in shop.invoices(customer=customer)} == {"paid"}
    assert shop.v1.customers.retrieve(shop.customer()).created == BEGIN


def test_nobody_is_charged_who_is_deleted(shop: Shop) -> None:
    customer = shop.customer()
    found = shop.subscribe(customer, shop.price(2000))
    item: Any = {"customer": customer, "amount": 500, "currency": "usd"}
    shop.v1.invoice_items.create(item)
    given: Any = {
        "customer": customer,
        "pending_invoice_items_behavior": "include",
        "auto_advance": True,
    }
    draft = shop.v1.invoices.create(given)
    shop.v1.customers.delete(customer)
    assert shop.status(found) == "canceled"
    shop.pass_time("2026-08-01")
    assert shop.v1.invoices.retrieve(draft.id).status == "draft"
    assert len(shop.v1.charges.list().data) == 1


def test_a_card_that_was_taken_away_is_not_charged(shop: Shop) -> None:
    customer = shop.customer()
    method = shop.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer}).id
    found = shop.subscribe(customer, shop.price(2000), default_payment_method=method)
    shop.v1.payment_methods.detach(method)
    shop.pass_time(at(RENEWS) + HOUR_S)
    assert shop.invoice(found).status == "paid"
    brands = [one.payment_method_details.card.brand for one in shop.v1.charges.list().data]  # type: ignore[union-attr]
    assert brands == ["visa", "mastercard"]
