"""Credit notes: before a payment they lower what is owed, after it they give back."""

from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.billing import Shop
from tests.sandbox.stripe.conftest import Sandbox


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    return Shop(sandbox)


def opened(shop: Shop, customer: str, *amounts: int) -> stripe.Invoice:
    for cents in amounts:
        shop.v1.invoice_items.create({"customer": customer, "amount": cents, "currency": "usd"})
    made = shop.v1.invoices.create(
        {"customer": customer, "pending_invoice_items_behavior": "include"}
    )
    return shop.v1.invoices.finalize_invoice(made.id)


def test_less_is_owed_of_an_open_invoice(shop: Shop) -> None:
    invoice = opened(shop, shop.customer(), 1000, 3000)
    note = shop.v1.credit_notes.create(
        {"invoice": invoice.id, "amount": 400, "reason": "duplicate"}
    )
    assert (note.number, note.type, note.pre_payment_amount, note.post_payment_amount) == (
        f"{invoice.number}-CN-01",
        "pre_payment",
        400,
        0,
    )
    assert [one.amount for one in note.lines.data] == [100, 300]
    now = shop.v1.invoices.retrieve(invoice.id)
    assert (now.amount_due, now.amount_remaining, now.pre_payment_credit_notes_amount) == (
        3600,
        3600,
        400,
    )
    voided = shop.v1.credit_notes.void_credit_note(note.id)
    assert voided.status == "void"
    assert shop.v1.invoices.retrieve(invoice.id).amount_due == 4000
    shop.v1.credit_notes.create({"invoice": invoice.id, "amount": 1000})
    assert shop.v1.invoices.pay(invoice.id).amount_paid == 3000
    (charge,) = shop.v1.charges.list().data
    assert charge.amount == 3000


def test_all_of_an_open_invoice(shop: Shop) -> None:
    invoice = opened(shop, shop.customer(), 1000)
    line = invoice.lines.data[0].id
    lines: Any = [{"type": "invoice_line_item", "invoice_line_item": line, "quantity": 1}]
    shop.v1.credit_notes.create({"invoice": invoice.id, "lines": lines})
    assert shop.v1.invoices.retrieve(invoice.id).status == "paid"
    assert shop.v1.charges.list().data == []


def test_a_paid_invoice_is_refunded_or_credited(shop: Shop) -> None:
    customer = shop.customer()
    invoice = opened(shop, customer, 5000)
    shop.v1.invoices.pay(invoice.id)
    wished: Any = {
        "invoice": invoice.id,
        "amount": 2000,
        "refund_amount": 1500,
        "credit_amount": 500,
    }
    before = shop.events("credit_note", "refund")
    seen = shop.v1.credit_notes.preview(wished)
    assert (seen.total, shop.v1.credit_notes.list().data) == (2000, [])
    assert len(shop.events("credit_note", "refund")) == len(before) == 0
    note = shop.v1.credit_notes.create(wished)
    assert (note.type, note.post_payment_amount) == ("post_payment", 2000)
    (refund,) = shop.v1.refunds.list().data
    assert (refund.amount, note.refunds[0].refund) == (1500, refund.id)
    assert shop.v1.customers.retrieve(customer).balance == -500
    moved = shop.v1.customers.balance_transactions.list(customer).data[0]
    assert (moved.credit_note, note.customer_balance_transaction) == (note.id, moved.id)
    now = shop.v1.invoices.retrieve(invoice.id)
    assert (now.status, now.amount_paid, now.post_payment_credit_notes_amount) == (
        "paid",
        5000,
        2000,
    )
    assert [one.type for one in shop.events("credit_note")] == ["credit_note.created"]
    assert [one.id for one in shop.v1.credit_notes.list({"invoice": invoice.id}).data] == [note.id]


def test_taxes_are_credited_with_their_lines(shop: Shop) -> None:
    rate: Any = {"display_name": "VAT", "percentage": "19", "inclusive": False}
    vat = shop.v1.tax_rates.create(rate).id
    found = shop.subscribe(shop.customer(), shop.price(10_000), default_tax_rates=[vat])
    invoice = shop.invoice(found)
    half: Any = {"invoice": invoice.id, "amount": 5950, "refund_amount": 5950}
    note = shop.v1.credit_notes.create(half)
    assert (note.subtotal, note.total, note.total_excluding_tax) == (5000, 5950, 5000)
    assert [one.amount for one in note.total_taxes or []] == [950]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"amount": 6000, "refund_amount": 6000}, "can not be greater"),
        ({"amount": 1000}, "refund_amount"),
        ({"amount": 1000, "refund_amount": 400}, "must equal"),
        ({}, "amount"),
        ({"amount": 0}, "greater than zero"),
        ({"lines": [{"type": "invoice_line_item", "invoice_line_item": "il_none"}]}, "No such"),
    ],
)
def test_what_is_refused(shop: Shop, given: dict[str, Any], message: str) -> None:
    invoice = opened(shop, shop.customer(), 5000)
    shop.v1.invoices.pay(invoice.id)
    with pytest.raises(stripe.InvalidRequestError, match=message):
        shop.v1.credit_notes.create({"invoice": invoice.id} | given)  # type: ignore[arg-type]
    assert shop.v1.credit_notes.list().data == []
    assert shop.v1.refunds.list().data == []
