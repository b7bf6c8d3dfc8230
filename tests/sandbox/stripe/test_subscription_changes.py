"""Subscriptions change: what is prorated, when it is charged, what a preview says of it before."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.billing import DAY_S, Shop, at, day
from tests.sandbox.stripe.conftest import Sandbox

# A period of 30 days, whose half is a whole number of cents.
START, HALF, END = "2026-04-01", "2026-04-16", "2026-05-01"
DECLINES = "pm_card_chargeCustomerFail"


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    made = Shop(sandbox)
    made.pass_time(START)
    return made


def change(shop: Shop, found: stripe.Subscription, **given: Any) -> stripe.Subscription:
    """Its only item."""
    of_item = {name: given.pop(name) for name in ("price", "quantity") if name in given}
    item = {"id": found["items"].data[0].id} | of_item
    return shop.v1.subscriptions.update(found.id, {"items": [item]} | given)  # type: ignore[typeddict-item]


def amounts(invoice: stripe.Invoice) -> list[tuple[int, str | None]]:
    return [(line.amount, line.description) for line in invoice.lines.data]


def test_an_upgrade_waits_for_the_next_invoice(shop: Shop) -> None:
    """Stripe's own example: from $10 to $20 halfway costs $5 more."""
    small, large = shop.price(1000), shop.price(2000)
    found = shop.subscribe(shop.customer(), small)
    shop.pass_time(HALF)
    changed = change(shop, found, price=large)
    assert changed["items"].data[0].price.id == large
    assert changed["items"].data[0].current_period_end == at(END)
    pending = shop.v1.invoice_items.list({"pending": True}).data
    assert [(one.amount, one.description, one.proration) for one in pending] == [
        (1000, "Remaining time on Business after 16 Apr 2026", True),
        (-500, "Unused time on Business after 16 Apr 2026", True),
    ]
    assert len(shop.invoices()) == 1
    (told,) = shop.events("customer.subscription.updated")
    assert told.data.previous_attributes["items"]["data"][0]["price"]["id"] == small  # type: ignore[index]
    shop.pass_time(at(END) + 3600)
    assert amounts(shop.invoice(found)) == [
        (2000, "1 × Business (at $20.00 / month)"),
        (-500, "Unused time on Business after 16 Apr 2026"),
        (1000, "Remaining time on Business after 16 Apr 2026"),
    ]
    line = shop.invoice(found).lines.data[1]
    details = line.parent.subscription_item_details  # type: ignore[union-attr]
    assert (details.proration, details.subscription) == (True, found.id)  # type: ignore[union-attr]
    assert shop.invoice(found).amount_paid == 2500
    assert shop.v1.invoice_items.list({"pending": True}).data == []


def test_seats_are_charged_at_once_and_as_previewed(shop: Shop) -> None:
    seat = shop.price(1200)
    found = shop.subscribe(shop.customer(), items=[{"price": seat, "quantity": 5}])
    shop.pass_time(at(HALF) + 12_345)
    moment = shop.now
    item = {"id": found["items"].data[0].id, "quantity": 8}
    details = {
        "items": [item],
        "proration_behavior": "always_invoice",
        "proration_date": moment,
    }
    seen = shop.v1.invoices.create_preview(
        {"subscription": found.id, "subscription_details": details}
    )  # type: ignore[typeddict-item]
    left = (at(END) - moment) / (30 * DAY_S)
    expected = round(9600 * left) - round(6000 * left)
    assert seen.total == expected
    assert seen.parent.subscription_details.subscription_proration_date == moment  # type: ignore[union-attr]
    assert shop.v1.subscriptions.retrieve(found.id)["items"].data[0].quantity == 5
    assert shop.v1.invoice_items.list().data == []
    assert len(shop.invoices()) == 1
    shop.pass_time(moment + 600)
    change(shop, found, quantity=8, proration_behavior="always_invoice", proration_date=moment)
    invoice = shop.invoice(found)
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == (
        "paid",
        expected,
        "subscription_update",
    )
    assert amounts(invoice) == amounts(seen)
    with pytest.raises(stripe.InvalidRequestError, match="outside of current subscription period"):
        change(shop, found, quantity=9, proration_date=at(START) - 1)


def test_seats_taken_away_are_credit(shop: Shop) -> None:
    customer = shop.customer()
    found = shop.subscribe(customer, items=[{"price": shop.price(1000), "quantity": 10}])
    shop.pass_time(HALF)
    change(shop, found, quantity=4, proration_behavior="always_invoice")
    assert (shop.invoice(found).total, shop.invoice(found).status) == (-3000, "paid")
    assert shop.v1.customers.retrieve(customer).balance == -3000
    shop.pass_time(at(END) + 3600)
    invoice = shop.invoice(found)
    assert (
        invoice.total,
        invoice.amount_due,
        invoice.starting_balance,
        invoice.ending_balance,
    ) == (
        4000,
        1000,
        -3000,
        0,
    )
    assert shop.v1.customers.retrieve(customer).balance == 0


def test_without_proration_the_next_period_costs_more(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(), shop.price(1000))
    shop.pass_time(HALF)
    change(shop, found, price=shop.price(2000), proration_behavior="none")
    assert shop.v1.invoice_items.list().data == []
    shop.pass_time(at(END) + 3600)
    assert shop.invoice(found).total == 2000


def test_from_monthly_to_yearly_begins_anew(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(), shop.price(1000))
    shop.pass_time(HALF)
    changed = change(shop, found, price=shop.price(10_000, every="year"))
    assert changed.billing_cycle_anchor == at(HALF)
    assert day(changed["items"].data[0].current_period_end) == "2027-04-16"
    assert amounts(shop.invoice(found)) == [
        (10_000, "1 × Business (at $100.00 / year)"),
        (-500, "Unused time on Business after 16 Apr 2026"),
    ]
    assert shop.invoice(found).amount_paid == 9500
    shop.pass_time("2027-04-16T02:00:00")
    assert [one.total for one in shop.invoices()] == [1000, 9500, 10_000]


def test_the_anchor_is_set_to_now(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(), shop.price(1000))
    shop.pass_time(HALF)
    changed = shop.v1.subscriptions.update(found.id, {"billing_cycle_anchor": "now"})
    assert changed["items"].data[0].current_period_end == at("2026-05-16")
    assert shop.invoice(found).total == 500


def test_from_free_to_paid_begins_with_the_payment(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(), shop.price(0))
    assert (found.status, shop.invoice(found).status) == ("active", "paid")
    shop.pass_time(HALF)
    changed = change(shop, found, price=shop.price(1000))
    assert changed.billing_cycle_anchor == at(HALF)
    assert shop.invoice(found).amount_paid == 1000


def test_items_come_and_go(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(), shop.price(1000))
    addon = shop.price(400)
    shop.pass_time(HALF)
    item = shop.v1.subscription_items.create({"subscription": found.id, "price": addon})
    assert (item.price.id, item.quantity, item.current_period_end) == (addon, 1, at(END))
    listed = shop.v1.subscription_items.list({"subscription": found.id}).data
    assert [one.id for one in listed] == [found["items"].data[0].id, item.id]
    assert shop.v1.subscription_items.update(item.id, {"quantity": 3}).quantity == 3
    gone = shop.v1.subscription_items.delete(item.id)
    assert (gone.id, gone.deleted) == (item.id, True)
    waiting = shop.v1.invoice_items.list({"pending": True}).data
    assert [one.amount for one in waiting][::-1] == [200, -200, 600, -600]
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription_item"):
        shop.v1.subscription_items.retrieve(item.id)
    with pytest.raises(stripe.InvalidRequestError, match="at least one"):
        shop.v1.subscription_items.delete(found["items"].data[0].id)


def test_an_update_that_waits_for_its_payment(shop: Shop) -> None:
    customer = shop.customer()
    small, large = shop.price(1000), shop.price(2000)
    found = shop.subscribe(customer, small)
    shop.card(customer, DECLINES)
    shop.pass_time(HALF)
    given = {
        "price": large,
        "payment_behavior": "pending_if_incomplete",
        "proration_behavior": "always_invoice",
    }
    waiting = change(shop, found, **given)
    assert waiting.status == "active"
    assert waiting["items"].data[0].price.id == small
    update = waiting.pending_update
    assert update is not None
    assert update.expires_at == at(HALF) + 23 * 3600
    assert update.subscription_items[0].price.id == large  # type: ignore[index]
    method = shop.card(customer, "pm_card_visa")
    shop.v1.invoices.pay(shop.invoice(found).id, {"payment_method": method})
    now = shop.v1.subscriptions.retrieve(found.id)
    assert (now.pending_update, now["items"].data[0].price.id) == (None, large)
    assert len(shop.events("customer.subscription.pending_update_applied")) == 1
    paid = change(shop, found, **given | {"price": shop.price(3000)})
    assert (paid.pending_update, paid["items"].data[0].price.unit_amount) == (None, 3000)
    assert len(shop.events("customer.subscription.pending_update_applied")) == 1
    shop.card(customer, DECLINES)
    change(shop, found, **given | {"price": shop.price(5000)})
    shop.pass_time(at(HALF) + 24 * 3600)
    now = shop.v1.subscriptions.retrieve(found.id)
    assert (now.pending_update, now["items"].data[0].price.unit_amount) == (None, 3000)
    assert shop.invoice(found).status == "void"
    assert len(shop.events("customer.subscription.pending_update_expired")) == 1


def test_a_change_that_cannot_be_paid_is_refused_or_past_due(shop: Shop) -> None:
    customer = shop.customer()
    small, large = shop.price(1000), shop.price(2000)
    found = shop.subscribe(customer, small)
    shop.card(customer, DECLINES)
    shop.pass_time(HALF)
    given = {"price": large, "proration_behavior": "always_invoice"}
    with pytest.raises(stripe.CardError):
        change(shop, found, **given, payment_behavior="error_if_incomplete")
    now = shop.v1.subscriptions.retrieve(found.id)
    assert (now.status, now["items"].data[0].price.id) == ("active", small)
    assert (len(shop.invoices()), shop.v1.invoice_items.list().data) == (1, [])
    assert change(shop, found, **given).status == "past_due"


def test_a_trial_is_changed_for_nothing_and_ended(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(), shop.price(1000), trial_period_days=14)
    change(shop, found, price=shop.price(3000), quantity=2)
    assert shop.v1.invoice_items.list().data == []
    later = shop.v1.subscriptions.update(found.id, {"trial_end": at("2026-04-20")})
    assert (later.status, later.trial_end) == ("trialing", at("2026-04-20"))
    ended = shop.v1.subscriptions.update(found.id, {"trial_end": "now"})
    assert (ended.status, ended.billing_cycle_anchor) == ("active", at(START))
    assert shop.invoice(found).amount_paid == 6000


def test_a_cancel_at_the_end_and_its_undo(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(), shop.price(1000))
    shop.pass_time(HALF)
    given: Any = {"cancel_at_period_end": True, "cancellation_details": {"feedback": "unused"}}
    ending = shop.v1.subscriptions.update(found.id, given)
    assert (ending.status, ending.cancel_at, ending.canceled_at) == ("active", at(END), at(HALF))
    assert ending.cancellation_details.reason == "cancellation_requested"  # type: ignore[union-attr]
    assert ending.cancellation_details.feedback == "unused"  # type: ignore[union-attr]
    (told,) = shop.events("customer.subscription.updated")
    assert told.data.previous_attributes["cancel_at_period_end"] is False  # type: ignore[index]
    undone = shop.v1.subscriptions.update(found.id, {"cancel_at_period_end": False})
    assert (undone.cancel_at, undone.canceled_at, undone.cancel_at_period_end) == (
        None,
        None,
        False,
    )
    shop.pass_time(at(END) + 3600)
    assert (shop.status(found), len(shop.invoices())) == ("active", 2)
    shop.v1.subscriptions.update(found.id, {"cancel_at_period_end": True})
    shop.pass_time("2026-06-01T00:00:00")
    now = shop.v1.subscriptions.retrieve(found.id)
    assert (now.status, now.ended_at) == ("canceled", at("2026-06-01"))
    assert len(shop.events("customer.subscription.deleted")) == 1
    shop.pass_time("2026-09-01")
    assert len(shop.invoices()) == 2


def test_a_cancel_at_once(shop: Shop) -> None:
    customer = shop.customer()
    found = shop.subscribe(customer, shop.price(1000))
    shop.pass_time(HALF)
    gone = shop.v1.subscriptions.cancel(found.id, {"prorate": True, "invoice_now": True})
    assert (gone.status, gone.ended_at) == ("canceled", at(HALF))
    assert shop.invoice(gone).total == -500
    assert shop.v1.customers.retrieve(customer).balance == -500
    for refused in (
        lambda: shop.v1.subscriptions.cancel(found.id),
        lambda: shop.v1.subscriptions.update(found.id, {"cancel_at_period_end": True}),
    ):
        with pytest.raises(stripe.InvalidRequestError):
            refused()
    named = shop.v1.subscriptions.update(found.id, {"metadata": {"why": "moved"}})
    assert named.metadata["why"] == "moved"


def test_a_day_to_end_on(shop: Shop) -> None:
    found = shop.subscribe(shop.customer(), shop.price(1000))
    shop.v1.subscriptions.update(found.id, {"cancel_at": at("2026-05-10")})
    shop.pass_time("2026-05-09")
    assert (shop.status(found), len(shop.invoices())) == ("active", 2)
    shop.pass_time("2026-05-10")
    assert shop.status(found) == "canceled"


def test_discounts_once_for_months_and_for_ever(shop: Shop) -> None:
    once = shop.v1.coupons.create({"percent_off": 50, "duration": "once"}).id
    three: Any = {
        "amount_off": 300,
        "currency": "usd",
        "duration": "repeating",
        "duration_in_months": 3,
    }
    months = shop.v1.coupons.create(three).id
    found = shop.subscribe(
        shop.customer(), shop.price(2000), discounts=[{"coupon": once}, {"coupon": months}]
    )
    first = shop.invoice(found, "discounts")
    assert (first.subtotal, first.total) == (2000, 700)
    assert [one.amount for one in first.total_discount_amounts or []] == [1000, 300]
    now = shop.v1.subscriptions.retrieve(found.id, {"expand": ["discounts"]})
    (left,) = now.discounts
    assert (left.source.coupon, day(left.end or 0)) == (months, "2026-07-01")  # type: ignore[union-attr]
    shop.pass_time("2026-08-01T02:00:00")
    assert [one.total for one in shop.invoices()] == [700, 1700, 1700, 2000, 2000]


def test_a_proration_is_of_what_was_paid(shop: Shop) -> None:
    """With 20% off for ever, half of $10 is $4, and half of $20 is $8."""
    coupon = shop.v1.coupons.create({"percent_off": 20, "duration": "forever"}).id
    found = shop.subscribe(shop.customer(), shop.price(1000), discounts=[{"coupon": coupon}])
    shop.pass_time(HALF)
    change(shop, found, price=shop.price(2000), proration_behavior="always_invoice")
    assert [amount for amount, _ in amounts(shop.invoice(found))] == [-400, 800]
    assert shop.invoice(found).total == 400
    assert shop.invoice(found).total_discount_amounts == []
