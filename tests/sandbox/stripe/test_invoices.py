"""Invoices by hand: items, drafts, numbers, taxes, balances; what becomes of them; how they looked before."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.billing import DAY_S, Shop, at
from tests.sandbox.stripe.conftest import BEGIN, Sandbox

OLD = "2024-06-20"
DECLINES = "pm_card_chargeCustomerFail"


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    return Shop(sandbox)


def item(shop: Shop, customer: str, cents: int, **more: Any) -> stripe.InvoiceItem:
    given: Any = {"customer": customer, "amount": cents, "currency": "usd"} | more
    return shop.v1.invoice_items.create(given)


def draft(shop: Shop, customer: str, **more: Any) -> stripe.Invoice:
    given: Any = {"customer": customer, "pending_invoice_items_behavior": "include"} | more
    return shop.v1.invoices.create(given)


def test_a_draft_by_hand_waits_for_who_made_it(shop: Shop) -> None:
    customer = shop.customer()
    item(shop, customer, 5000, description="Consulting")
    made = draft(shop, customer)
    assert (made.status, made.total, made.auto_advance, made.billing_reason) == (
        "draft",
        5000,
        False,
        "manual",
    )
    shop.pass_time(BEGIN + 10 * DAY_S)
    assert shop.v1.invoices.retrieve(made.id).status == "draft"
    opened = shop.v1.invoices.finalize_invoice(made.id)
    assert (opened.status, opened.amount_due, opened.effective_at) == ("open", 5000, shop.now)
    prefix = shop.v1.customers.retrieve(customer).invoice_prefix
    assert opened.number == f"{prefix}-0001"
    assert opened.hosted_invoice_url.startswith(f"{shop.sandbox.url}/sandbox/stripe/i/")  # type: ignore[union-attr]
    paid = shop.v1.invoices.pay(made.id)
    assert (paid.status, paid.amount_paid, paid.status_transitions.paid_at) == (
        "paid",
        5000,
        shop.now,
    )
    with pytest.raises(stripe.InvalidRequestError, match="only finalize invoices that are draft"):
        shop.v1.invoices.finalize_invoice(made.id)
    with pytest.raises(stripe.InvalidRequestError, match="can't be updated"):
        shop.v1.invoices.update(made.id, {"description": "Late"})


def test_items_of_a_draft_change_its_sums(shop: Shop) -> None:
    customer = shop.customer()
    made = draft(shop, customer, auto_advance=True)
    added = item(shop, customer, 700, invoice=made.id)
    other = item(shop, customer, 300, invoice=made.id)
    assert shop.v1.invoices.retrieve(made.id).total == 1000
    shop.v1.invoice_items.update(added.id, {"amount": 900})
    shop.v1.invoice_items.delete(other.id)
    now = shop.v1.invoices.retrieve(made.id)
    assert [
        (one.amount, one.parent.invoice_item_details.invoice_item) for one in now.lines.data
    ] == [  # type: ignore[union-attr]
        (900, added.id)
    ]
    assert (now.total, now.amount_remaining) == (900, 900)
    shop.pass_time(BEGIN + 3600)
    assert shop.v1.invoices.retrieve(made.id).status == "paid"
    with pytest.raises(stripe.InvalidRequestError, match="finalized"):
        shop.v1.invoice_items.delete(added.id)
    waiting = item(shop, customer, 400)
    gone = draft(shop, customer)
    assert shop.v1.invoices.delete(gone.id).deleted is True
    assert shop.v1.invoice_items.retrieve(waiting.id).invoice is None


def test_an_item_of_a_price(shop: Shop) -> None:
    customer = shop.customer()
    given: Any = {"currency": "usd", "product": shop.product, "unit_amount": 250}
    once = shop.v1.prices.create(given).id
    made: Any = {"customer": customer, "pricing": {"price": once}, "quantity": 4}
    added = shop.v1.invoice_items.create(made)
    assert (added.amount, added.description, added.pricing.unit_amount_decimal) == (  # type: ignore[union-attr]
        1000,
        "Business",
        250,
    )
    with pytest.raises(stripe.InvalidRequestError, match="type=one_time"):
        shop.v1.invoice_items.create(made | {"pricing": {"price": shop.price(100)}})


@pytest.mark.parametrize(
    ("inclusive", "subtotal", "total", "without_tax"),
    [(False, 10_000, 10_710, 9000), (True, 10_000, 9000, 7563)],
)
def test_taxes_are_of_the_discounted_amount(
    shop: Shop, inclusive: bool, subtotal: int, total: int, without_tax: int
) -> None:
    """10% off $100, then 19% on top, or within: 90.00 / 1.19 = 75.63."""
    rate: Any = {"display_name": "VAT", "percentage": "19", "inclusive": inclusive}
    vat = shop.v1.tax_rates.create(rate).id
    coupon = shop.v1.coupons.create({"percent_off": 10, "duration": "forever"}).id
    found = shop.subscribe(
        shop.customer(),
        shop.price(10_000),
        default_tax_rates=[vat],
        discounts=[{"coupon": coupon}],
    )
    invoice = shop.invoice(found)
    assert (invoice.subtotal, invoice.total, invoice.total_excluding_tax) == (
        subtotal,
        total,
        without_tax,
    )
    (tax,) = invoice.total_taxes or []
    assert (tax.amount, tax.tax_behavior) == (
        (1437, "inclusive") if inclusive else (1710, "exclusive")
    )
    assert invoice.amount_paid == total


def test_credit_is_used_before_the_card(shop: Shop) -> None:
    customer = shop.customer(balance=-1500)
    item(shop, customer, 1000)
    first = shop.v1.invoices.finalize_invoice(draft(shop, customer).id)
    assert (first.status, first.amount_due, first.starting_balance, first.ending_balance) == (
        "paid",
        0,
        -1500,
        -500,
    )
    item(shop, customer, 2000)
    second = shop.v1.invoices.pay(draft(shop, customer).id)
    assert (second.amount_paid, second.ending_balance) == (1500, 0)
    moved = shop.v1.customers.balance_transactions.list(customer).data
    assert [(one.amount, one.type, one.invoice) for one in moved][:2] == [
        (500, "applied_to_invoice", second.id),
        (1000, "applied_to_invoice", first.id),
    ]


def test_too_little_to_charge_is_owed_later(shop: Shop) -> None:
    customer = shop.customer()
    item(shop, customer, 30)
    small = shop.v1.invoices.finalize_invoice(draft(shop, customer).id)
    assert (small.status, small.amount_due, small.ending_balance) == ("paid", 0, 30)
    item(shop, customer, 1000)
    assert shop.v1.invoices.pay(draft(shop, customer).id).amount_paid == 1030


def test_void_and_uncollectible(shop: Shop) -> None:
    customer = shop.customer(balance=-300)
    item(shop, customer, 1000)
    opened = shop.v1.invoices.finalize_invoice(draft(shop, customer).id)
    assert opened.amount_due == 700
    assert shop.v1.customers.retrieve(customer).balance == 0
    given_up = shop.v1.invoices.mark_uncollectible(opened.id)
    assert (given_up.status, given_up.amount_remaining) == ("uncollectible", 700)
    voided = shop.v1.invoices.void_invoice(opened.id)
    assert voided.status == "void"
    assert shop.v1.customers.retrieve(customer).balance == -300
    (intent,) = shop.v1.payment_intents.list().data
    assert intent.status == "canceled"
    for act in (shop.v1.invoices.pay, shop.v1.invoices.void_invoice):
        with pytest.raises(stripe.InvalidRequestError):
            act(opened.id)
    item(shop, customer, 1000)
    late = shop.v1.invoices.finalize_invoice(draft(shop, customer).id)
    shop.v1.invoices.mark_uncollectible(late.id)
    assert shop.v1.invoices.pay(late.id).status == "paid"
    told = [one.type for one in shop.events("invoice.voided", "invoice.marked_uncollectible")]
    assert told == [
        "invoice.marked_uncollectible",
        "invoice.voided",
        "invoice.marked_uncollectible",
    ]


def test_a_past_due_subscription_whose_invoice_is_void(shop: Shop) -> None:
    customer = shop.customer()
    found = shop.subscribe(customer, shop.price(2000))
    shop.card(customer, DECLINES)
    shop.pass_time("2026-02-28T13:00:00")
    assert shop.status(found) == "past_due"
    shop.v1.invoices.void_invoice(shop.invoice(found).id)
    assert shop.status(found) == "active"


def test_an_invoice_is_sent_and_paid_elsewhere(shop: Shop) -> None:
    customer = shop.customer(None)
    item(shop, customer, 9000)
    made = draft(shop, customer, collection_method="send_invoice", days_until_due=30)
    sent = shop.v1.invoices.send_invoice(made.id)
    assert (sent.status, sent.due_date) == ("open", BEGIN + 30 * DAY_S)
    shop.pass_time(BEGIN + 30 * DAY_S)
    assert len(shop.events("invoice.overdue")) == 1
    paid = shop.v1.invoices.pay(made.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid_off_stripe) == ("paid", 9000)
    assert shop.v1.charges.list().data == []


def test_a_long_invoice_is_listed_in_pages(shop: Shop) -> None:
    customer = shop.customer()
    for number in range(12):
        item(shop, customer, 100 + number)
    made = draft(shop, customer)
    assert (len(made.lines.data), made.lines.has_more, made.total) == (10, True, 1266)
    every = list(shop.v1.invoices.line_items.list(made.id, {"limit": 5}).auto_paging_iter())
    assert [one.amount for one in every] == [100 + number for number in range(12)]


def test_previews_of_what_is_not_there_yet(shop: Shop) -> None:
    customer = shop.customer()
    with pytest.raises(stripe.InvalidRequestError, match="No upcoming invoices"):
        shop.v1.invoices.create_preview({"customer": customer})
    details: Any = {"items": [{"price": shop.price(2000), "quantity": 3}]}
    seen = shop.v1.invoices.create_preview({"customer": customer, "subscription_details": details})
    assert (seen.total, seen.status, seen.number) == (6000, "draft", None)
    assert seen.id.startswith("upcoming_in_")  # type: ignore[union-attr]
    assert shop.v1.subscriptions.list({"status": "all"}).data == []
    assert (shop.invoices(), shop.events("invoice", "customer.subscription")) == ([], [])
    found = shop.subscribe(customer, shop.price(2000))
    given: Any = {"customer": customer, "invoice_items": [{"amount": 500, "currency": "usd"}]}
    seen = shop.v1.invoices.create_preview(given)
    assert (seen.total, seen.period_end) == (2500, found["items"].data[0].current_period_end)
    assert shop.v1.invoice_items.list().data == []
    gone: Any = {"subscription": found.id, "subscription_details": {"cancel_now": True}}
    assert shop.v1.invoices.create_preview(gone).total == -2000


def test_the_shape_of_before_2025_03_31(shop: Shop) -> None:
    customer = shop.customer()
    vat: Any = {"display_name": "VAT", "percentage": "20", "inclusive": False}
    rate = shop.v1.tax_rates.create(vat).id
    price = shop.price(2000)
    found = shop.subscribe(customer, price, default_tax_rates=[rate], metadata={"tenant": "acme"})
    old = shop.sandbox.get(
        f"/v1/subscriptions/{found.id}?expand[]=latest_invoice.payment_intent",
        headers={"Stripe-Version": OLD},
    ).json()
    assert old["current_period_start"] == BEGIN
    assert "current_period_start" not in old["items"]["data"][0]
    assert (old["quantity"], old["plan"]["id"]) == (1, price)
    invoice = old["latest_invoice"]
    assert (invoice["subscription"], invoice["paid"], invoice["tax"]) == (found.id, True, 400)
    assert invoice["subscription_details"] == {"metadata": {"tenant": "acme"}}
    assert invoice["payment_intent"]["status"] == "succeeded"
    assert invoice["charge"] == invoice["payment_intent"]["latest_charge"]
    assert invoice["total_tax_amounts"] == [
        {
            "amount": 400,
            "inclusive": False,
            "tax_rate": rate,
            "taxability_reason": None,
            "taxable_amount": 2000,
        }
    ]
    assert {"parent", "total_taxes", "payments"} & set(invoice) == set()
    (line,) = invoice["lines"]["data"]
    assert (line["type"], line["proration"], line["subscription"]) == (
        "subscription",
        False,
        found.id,
    )
    assert line["subscription_item"] == found["items"].data[0].id
    assert (line["price"]["id"], line["plan"]["amount"]) == (price, 2000)
    assert {"parent", "pricing", "taxes"} & set(line) == set()
    item_id = found["items"].data[0].id
    shop.pass_time("2026-02-14T12:00:00")
    upcoming = shop.sandbox.get(
        f"/v1/invoices/upcoming?subscription={found.id}&subscription_items[0][id]={item_id}"
        f"&subscription_items[0][quantity]=3&subscription_proration_date={shop.now}",
        headers={"Stripe-Version": OLD},
    ).json()
    assert [one["amount"] for one in upcoming["lines"]["data"]] == [6000, -1000, 3000]
    assert upcoming["subscription_proration_date"] == shop.now
    assert [one["proration"] for one in upcoming["lines"]["data"]] == [False, True, True]
    refused = shop.sandbox.get(f"/v1/invoices/upcoming?subscription={found.id}")
    assert refused.status_code in {400, 404}


def test_what_is_refused(shop: Shop) -> None:
    customer = shop.customer()
    made = draft(shop, customer)
    opened = shop.v1.invoices.finalize_invoice(made.id)
    assert opened.status == "paid"
    refused: list[Any] = [
        lambda: shop.v1.invoice_items.create({"customer": customer}),
        lambda: item(shop, customer, 100, invoice=made.id),
        lambda: item(shop, customer, 100, subscription="sub_none"),
        lambda: draft(shop, customer, due_date=at("2027-01-01")),
        lambda: draft(shop, customer, automatic_tax={"enabled": True}),
        lambda: shop.v1.invoices.delete(made.id),
        lambda: shop.v1.invoices.send_invoice(made.id),
        lambda: shop.v1.invoices.mark_uncollectible(made.id),
        lambda: shop.v1.invoices.retrieve("in_none"),
        lambda: shop.v1.invoices.create_preview({}),
        lambda: shop.v1.invoices.create_preview(
            {"customer": customer, "preview_mode": "recurring"}
        ),
        lambda: draft(shop, customer, application_fee_amount=1),
    ]
    for act in refused:
        with pytest.raises(stripe.InvalidRequestError):
            act()
    assert [one.id for one in shop.invoices()] == [made.id]
    assert shop.v1.invoice_items.list().data == []
