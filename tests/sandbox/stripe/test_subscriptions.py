"""Subscriptions begin: what is paid, what is told, what is refused."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.billing import DAY_S, Shop, at, day
from tests.sandbox.stripe.conftest import BEGIN, Sandbox

DECLINES = "pm_card_chargeCustomerFail"
ASKS = "pm_card_authenticationRequired"


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    return Shop(sandbox)


def test_a_year_of_monthly_renewals(shop: Shop) -> None:
    """From the 31st of January: the last day of each month, one invoice each, all paid."""
    customer = shop.customer()
    found = shop.subscribe(customer, shop.price(2000))
    item = found["items"].data[0]
    assert (found.status, item.current_period_start, day(item.current_period_end)) == (
        "active",
        BEGIN,
        "2026-02-28",
    )
    shop.pass_time("2027-01-31T14:00:00")
    invoices = shop.invoices(customer=customer)
    assert [day(one.lines.data[0].period.start) for one in invoices] == [
        *("2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"),
        *("2026-07-31", "2026-08-31", "2026-09-30", "2026-10-31", "2026-11-30", "2026-12-31"),
        "2027-01-31",
    ]
    assert {(one.status, one.amount_paid) for one in invoices} == {("paid", 2000)}
    reasons = [one.billing_reason for one in invoices]
    assert reasons == ["subscription_create", *["subscription_cycle"] * 12]
    numbers = [str(one.number).partition("-")[2] for one in invoices]
    assert numbers == [f"{number:04d}" for number in range(1, 14)]
    # Clocks that are put forward or back move nothing.
    assert {(one.created - BEGIN) % DAY_S for one in invoices} == {0}
    renewals = shop.events("customer.subscription.updated")
    assert len(renewals) == 12
    before = renewals[0].data.previous_attributes
    assert before["items"]["data"][0]["current_period_start"] == BEGIN  # type: ignore[index]


def test_what_is_told_of_a_beginning(shop: Shop) -> None:
    customer = shop.customer()
    found = shop.subscribe(customer, shop.price(2000), metadata={"tenant": "acme"})
    told = [one.type for one in shop.events("customer.subscription", "invoice.", "payment_intent")]
    assert [one for one in told if not one.startswith("payment_intent")] == [
        "invoice.created",
        "invoice.updated",
        "invoice.finalized",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.subscription.created",
    ]
    assert "payment_intent.succeeded" in told
    (created,) = shop.events("customer.subscription.created")
    assert created.data.object["status"] == "active"
    invoice = shop.invoice(found, "payments")
    assert invoice.parent.subscription_details.subscription == found.id  # type: ignore[union-attr]
    assert invoice.parent.subscription_details.metadata["tenant"] == "acme"  # type: ignore[union-attr]
    (line,) = invoice.lines.data
    assert line.description == "1 × Business (at $20.00 / month)"
    assert line.parent.type == "subscription_item_details"  # type: ignore[union-attr]
    assert line.pricing.unit_amount_decimal == 2000  # type: ignore[union-attr]
    (payment,) = invoice.payments.data  # type: ignore[union-attr]
    assert (payment.status, payment.amount_paid, payment.payment.type) == (
        "paid",
        2000,
        "payment_intent",
    )


@pytest.mark.parametrize(
    ("card", "behavior", "status"),
    [
        ("pm_card_visa", "allow_incomplete", "active"),
        ("pm_card_visa", "error_if_incomplete", "active"),
        (DECLINES, "allow_incomplete", "incomplete"),
        (ASKS, "allow_incomplete", "incomplete"),
        ("pm_card_visa", "default_incomplete", "incomplete"),
        (None, "default_incomplete", "incomplete"),
    ],
)
def test_how_a_first_payment_may_go(
    shop: Shop, card: str | None, behavior: str, status: str
) -> None:
    found = shop.subscribe(shop.customer(card), shop.price(2000), payment_behavior=behavior)
    assert found.status == status
    assert shop.invoice(found).status == ("paid" if status == "active" else "open")


@pytest.mark.parametrize("card", [DECLINES, ASKS])
def test_an_error_if_incomplete_makes_nothing(shop: Shop, card: str) -> None:
    customer = shop.customer(card)
    price = shop.price(2000)
    with pytest.raises(stripe.CardError) as error:
        shop.subscribe(customer, price, payment_behavior="error_if_incomplete")
    assert error.value.http_status == 402
    assert shop.invoices() == []
    assert shop.v1.subscriptions.list({"status": "all"}).data == []
    assert shop.events("customer.subscription", "invoice") == []


def test_nothing_to_pay_with_is_refused(shop: Shop) -> None:
    customer, price = shop.customer(None), shop.price(2000)
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        shop.subscribe(customer, price)
    assert shop.v1.subscriptions.list({"status": "all"}).data == []


def test_an_incomplete_one_is_confirmed_by_its_customer(shop: Shop) -> None:
    customer = shop.customer(None)
    found = shop.subscribe(
        customer,
        shop.price(2000),
        payment_behavior="default_incomplete",
        payment_settings={"save_default_payment_method": "on_subscription"},
        expand=["latest_invoice.confirmation_secret"],
    )
    secret = found.latest_invoice.confirmation_secret.client_secret  # type: ignore[union-attr]
    intent = str(secret).partition("_secret_")[0]
    shop.v1.payment_intents.confirm(intent, {"payment_method": "pm_card_visa"})
    now = shop.v1.subscriptions.retrieve(found.id)
    assert now.status == "active"
    assert now.default_payment_method is not None
    updated = shop.events("customer.subscription.updated")
    assert updated[-1].data.previous_attributes["status"] == "incomplete"  # type: ignore[index]


def test_an_incomplete_one_expires_after_23_hours(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(DECLINES), shop.price(2000))
    with pytest.raises(stripe.InvalidRequestError, match="incomplete"):
        shop.v1.subscriptions.update(found.id, {"cancel_at_period_end": True})
    shop.pass_time(BEGIN + 23 * 3600 - 1)
    assert shop.status(found) == "incomplete"
    assert shop.invoice(found).attempt_count == 1
    shop.pass_time(BEGIN + 23 * 3600)
    assert (shop.status(found), shop.invoice(found).status) == ("incomplete_expired", "void")
    shop.pass_time("2026-06-01")
    assert len(shop.invoices()) == 1


def test_an_intent_that_somebody_canceled_stops_nothing(shop: Shop) -> None:
    found = shop.subscribe(
        shop.customer(None), shop.price(2000), payment_behavior="default_incomplete"
    )
    (intent,) = shop.v1.payment_intents.list().data
    shop.v1.payment_intents.cancel(intent.id)
    shop.pass_time(BEGIN + 24 * 3600)
    assert (shop.status(found), shop.invoice(found).status) == ("incomplete_expired", "void")


def test_by_invoice_it_is_active_at_once_and_overdue_later(shop: Shop) -> None:
    customer = shop.customer(None)
    found = shop.subscribe(
        customer, shop.price(9900), collection_method="send_invoice", days_until_due=14
    )
    assert (found.status, shop.invoice(found).status) == ("active", "draft")
    shop.pass_time(BEGIN + 3600)
    invoice = shop.invoice(found)
    assert (invoice.status, invoice.due_date) == ("open", BEGIN + 3600 + 14 * DAY_S)
    assert [one.type for one in shop.events("invoice.sent")] == ["invoice.sent"]
    shop.pass_time(BEGIN + 3600 + 14 * DAY_S)
    assert shop.status(found) == "past_due"
    paid = shop.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid_off_stripe) == ("paid", 9900)
    assert shop.status(found) == "active"


def test_a_trial_with_a_card(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(), shop.price(2000), trial_period_days=14)
    assert (found.status, found.trial_start, found.trial_end) == (
        "trialing",
        BEGIN,
        BEGIN + 14 * DAY_S,
    )
    assert found.billing_cycle_anchor == found.trial_end
    free = shop.invoice(found)
    assert (free.status, free.total, free.lines.data[0].description) == (
        "paid",
        0,
        "Trial period for Business",
    )
    shop.pass_time(BEGIN + 11 * DAY_S)
    (warned,) = shop.events("customer.subscription.trial_will_end")
    assert warned.created == BEGIN + 11 * DAY_S
    shop.pass_time(BEGIN + 14 * DAY_S)
    assert (shop.status(found), shop.invoice(found).status) == ("active", "draft")
    shop.pass_time(BEGIN + 14 * DAY_S + 3600)
    assert (shop.invoice(found).status, shop.invoice(found).amount_paid) == ("paid", 2000)
    shop.pass_time("2026-03-14T14:00:00")
    assert [day(one.created) for one in shop.invoices()] == [
        "2026-01-31",
        "2026-02-14",
        "2026-03-14",
    ]


@pytest.mark.parametrize(
    ("behavior", "status", "invoices", "event"),
    [
        ("cancel", "canceled", 1, "customer.subscription.deleted"),
        ("pause", "paused", 1, "customer.subscription.paused"),
        ("create_invoice", "past_due", 2, "invoice.payment_failed"),
    ],
)
def test_a_trial_without_a_card(
    shop: Shop, behavior: str, status: str, invoices: int, event: str
) -> None:
    settings = {"end_behavior": {"missing_payment_method": behavior}}
    found = shop.subscribe(
        shop.customer(None), shop.price(2000), trial_period_days=2, trial_settings=settings
    )
    assert found.pending_setup_intent is not None
    # Less than three days are left: it is told at once.
    assert len(shop.events("customer.subscription.trial_will_end")) == 1
    shop.pass_time(BEGIN + 2 * DAY_S + 3600)
    assert shop.status(found) == status
    assert len(shop.invoices()) == invoices
    assert len(shop.events(event)) == 1


def test_a_paused_one_is_resumed_with_a_card(shop: Shop) -> None:
    customer = shop.customer(None)
    settings = {"end_behavior": {"missing_payment_method": "pause"}}
    found = shop.subscribe(customer, shop.price(2000), trial_period_days=7, trial_settings=settings)
    shop.pass_time("2026-03-01")
    assert shop.status(found) == "paused"
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        shop.v1.subscriptions.resume(found.id)
    shop.card(customer, "pm_card_visa")
    resumed = shop.v1.subscriptions.resume(found.id, {"billing_cycle_anchor": "now"})
    item = resumed["items"].data[0]
    assert (resumed.status, item.current_period_start, day(item.current_period_end)) == (
        "active",
        at("2026-03-01"),
        "2026-04-01",
    )
    assert shop.invoice(found).amount_paid == 2000
    assert len(shop.events("customer.subscription.resumed")) == 1
    with pytest.raises(stripe.InvalidRequestError, match="only resume"):
        shop.v1.subscriptions.resume(found.id)


def test_a_short_first_period_up_to_the_anchor(shop: Shop) -> None:
    anchor = at("2026-02-14T12:00:00")
    found = shop.subscribe(shop.customer(), shop.price(3100), billing_cycle_anchor=anchor)
    assert shop.invoice(found).total == 1400  # 14 of the 31 days from 14 January
    other = shop.subscribe(
        shop.customer(),
        shop.price(3100),
        billing_cycle_anchor=anchor,
        proration_behavior="none",
    )
    assert (other.status, other.latest_invoice) == ("active", None)
    shop.pass_time(anchor + 3600)
    assert [one.total for one in shop.invoices(subscription=other.id)] == [3100]
    assert shop.invoice(found).total == 3100
    config = {"day_of_month": 1, "hour": 0, "minute": 0, "second": 0}
    third = shop.subscribe(shop.customer(), shop.price(2800), billing_cycle_anchor_config=config)
    assert third.billing_cycle_anchor == at("2026-03-01")


def test_a_change_within_a_short_period_is_of_the_whole_cycle(shop: Shop) -> None:
    """$31 a month is a dollar a day, also in the 14 days before the anchor."""
    anchor = at("2026-02-14T12:00:00")
    found = shop.subscribe(shop.customer(), shop.price(3100), billing_cycle_anchor=anchor)
    shop.pass_time(BEGIN + 4 * DAY_S)
    item: Any = {"items": [{"id": found["items"].data[0].id, "quantity": 2}]}
    shop.v1.subscriptions.update(found.id, item)
    waiting = shop.v1.invoice_items.list({"pending": True}).data
    assert [one.amount for one in waiting] == [2000, -1000]
    gone = shop.v1.subscriptions.cancel(found.id, {"prorate": True, "invoice_now": True})
    assert shop.invoice(gone).total == 2000 - 1000 - 2000


def test_a_trial_then_a_short_period_then_the_anchor(shop: Shop) -> None:
    """Stripe's example: free until the 22nd, a share until the 1st, then whole months."""
    shop.pass_time("2026-04-15")
    found = shop.subscribe(
        shop.customer(),
        shop.price(3000),
        trial_period_days=7,
        billing_cycle_anchor=at("2026-05-01"),
    )
    assert (found.trial_end, found.billing_cycle_anchor) == (at("2026-04-22"), at("2026-05-01"))
    shop.pass_time("2026-06-01T02:00:00")
    assert [one.total for one in shop.invoices()] == [0, 900, 3000, 3000]
    assert [day(one.created) for one in shop.invoices()] == [
        *("2026-04-15", "2026-04-22", "2026-05-01", "2026-06-01")
    ]


def test_a_coupon_for_once_waits_for_the_end_of_a_trial(shop: Shop) -> None:
    once = shop.v1.coupons.create({"percent_off": 50, "duration": "once"}).id
    shop.subscribe(
        shop.customer(), shop.price(2000), trial_period_days=7, discounts=[{"coupon": once}]
    )
    shop.pass_time("2026-03-08T14:00:00")
    assert [one.total for one in shop.invoices()] == [0, 1000, 2000]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"items": [{"price": "price_none"}]}, "No such price"),
        ({"trial_end": BEGIN - 1}, "in the future"),
        ({"billing_cycle_anchor": BEGIN + 60 * DAY_S}, "next natural billing date"),
        ({"collection_method": "send_invoice"}, "days_until_due"),
        ({"default_payment_method": "pm_none"}, "No such payment_method"),
        ({"automatic_tax": {"enabled": True}}, "location isn't recognized"),
        ({"backdate_start_date": 1}, "does not play"),
        ({"unknown": 1}, "unknown parameter"),
        ({"customer": "cus_none"}, "No such customer"),
        ({"discounts": [{"coupon": "none"}]}, "No such coupon"),
    ],
)
def test_what_is_refused_makes_nothing(shop: Shop, given: dict[str, Any], message: str) -> None:
    customer, price = shop.customer(), shop.price(2000)
    with pytest.raises(stripe.InvalidRequestError, match=message):
        shop.v1.subscriptions.create({"customer": customer, "items": [{"price": price}]} | given)  # type: ignore[arg-type]
    assert shop.v1.subscriptions.list({"status": "all"}).data == []
    assert shop.invoices() == []


def test_items_have_to_fit_together(shop: Shop) -> None:
    customer, price = shop.customer(), shop.price(2000)
    for other in (shop.price(100, every="year"), shop.price(100, currency="eur"), price):
        with pytest.raises(stripe.InvalidRequestError):
            shop.subscribe(customer, price, other)
    found = shop.subscribe(customer, price)
    assert found.currency == shop.v1.customers.retrieve(customer).currency == "usd"
    with pytest.raises(stripe.InvalidRequestError, match="combine currencies"):
        shop.subscribe(customer, shop.price(100, currency="eur"))


def test_lists_by_status(shop: Shop) -> None:
    customer, price = shop.customer(), shop.price(2000)
    living, ended = shop.subscribe(customer, price), shop.subscribe(customer, price)
    shop.v1.subscriptions.cancel(ended.id)

    def ids(**given: Any) -> list[str]:
        return [one.id for one in shop.v1.subscriptions.list(given).data]  # type: ignore[arg-type]

    assert ids(customer=customer) == [living.id]
    assert ids(status="canceled") == [ended.id]
    assert ids(status="all") == [ended.id, living.id]
    assert ids(price=price) == [living.id]
    assert ids(customer="cus_none") == []
