"""The same answers from objects of the present API version and of those before 2025-03-31."""

from datetime import UTC, datetime
from typing import Any

import pytest

from apps.billing import stripe_shapes as shapes

BEGIN, END, LATER = 1_700_000_000, 1_702_592_000, 1_731_536_000


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    "invoice",
    [
        {"subscription": "sub_1"},
        {"subscription": {"id": "sub_1", "object": "subscription"}},
        {"parent": {"type": "x", "subscription_details": {"subscription": "sub_1"}}},
        {"parent": {"subscription_details": {"subscription": {"id": "sub_1"}}}},
    ],
)
def test_the_subscription_of_an_invoice(invoice: dict[str, Any]) -> None:
    assert shapes.invoice_subscription_id(invoice) == "sub_1"


@pytest.mark.parametrize(
    "invoice",
    [{}, {"subscription": None}, {"parent": None}, {"parent": {"subscription_details": None}}],
)
def test_an_invoice_of_none(invoice: dict[str, Any]) -> None:
    assert shapes.invoice_subscription_id(invoice) == ""
    assert shapes.invoice_payment_intent_id(invoice) == ""


def payment(intent: str | None, *, is_default: bool) -> dict[str, Any]:
    paid = {"type": "payment_intent", "payment_intent": intent} if intent else {"type": "charge"}
    return {"object": "invoice_payment", "is_default": is_default, "payment": paid}


@pytest.mark.parametrize(
    "invoice",
    [
        {"payment_intent": "pi_1"},
        {"payment_intent": {"id": "pi_1"}},
        {
            "payments": {
                "data": [payment("pi_0", is_default=False), payment("pi_1", is_default=True)]
            }
        },
        {"payments": {"data": [payment("pi_1", is_default=False), payment(None, is_default=True)]}},
    ],
)
def test_what_an_invoice_is_paid_by(invoice: dict[str, Any]) -> None:
    assert shapes.invoice_payment_intent_id(invoice) == "pi_1"


@pytest.mark.parametrize(
    ("invoice", "cents"),
    [
        ({"tax": 190}, 190),
        ({"tax": None, "total_tax_amounts": []}, 0),
        ({"total_taxes": [{"amount": 150}, {"amount": 40}]}, 190),
        ({"total_taxes": None}, 0),
        ({}, 0),
    ],
)
def test_taxes(invoice: dict[str, Any], cents: int) -> None:
    assert shapes.invoice_tax_cents(invoice) == cents


def test_paid() -> None:
    assert shapes.invoice_is_paid({"status": "paid"})
    assert not shapes.invoice_is_paid({"status": "open", "paid": True})


@pytest.mark.parametrize(
    "line",
    [
        {"price": {"id": "price_1"}, "subscription_item": "si_1", "proration": True},
        {
            "pricing": {"type": "price_details", "price_details": {"price": "price_1"}},
            "parent": {
                "subscription_item_details": {"subscription_item": "si_1", "proration": True}
            },
        },
    ],
)
def test_lines(line: dict[str, Any]) -> None:
    assert shapes.line_price_id(line) == "price_1"
    assert shapes.line_subscription_item_id(line) == "si_1"
    assert shapes.line_is_proration(line) is True


def test_lines_of_invoice_items() -> None:
    line = {
        "parent": {"subscription_item_details": None, "invoice_item_details": {"proration": False}}
    }
    assert (shapes.line_price_id(line), shapes.line_subscription_item_id(line)) == ("", "")
    assert shapes.line_is_proration(line) is False


@pytest.mark.parametrize(
    "subscription",
    [
        {"current_period_start": BEGIN, "current_period_end": END},
        {"items": {"data": [{"current_period_start": BEGIN, "current_period_end": END}]}},
        {
            "items": {
                "data": [
                    {"current_period_start": BEGIN + 5, "current_period_end": LATER},
                    {"current_period_start": BEGIN, "current_period_end": END},
                ]
            }
        },
    ],
)
def test_periods(subscription: dict[str, Any]) -> None:
    assert shapes.subscription_period(subscription) == (moment(BEGIN), moment(END))


@pytest.mark.parametrize("subscription", [{}, {"items": {"data": []}}, {"items": None}])
def test_no_period(subscription: dict[str, Any]) -> None:
    assert shapes.subscription_period(subscription) == (None, None)


@pytest.mark.parametrize(
    "subscription",
    [
        {"discount": {"id": "di_1", "coupon": {"id": "c_1"}}},
        {"discounts": [{"id": "di_1", "coupon": {"id": "c_1"}}]},
        {"discounts": [{"id": "di_1", "source": {"type": "coupon", "coupon": "c_1"}}, "di_2"]},
    ],
)
def test_discounts(subscription: dict[str, Any]) -> None:
    found = shapes.subscription_discounts(subscription)
    assert [shapes.discount_coupon_id(one) for one in found] == ["c_1"]


@pytest.mark.parametrize(
    ("found", "previous", "customer"),
    [
        ({"object": "customer", "id": "cus_1"}, None, "cus_1"),
        ({"object": "charge", "customer": "cus_1"}, {"customer": "cus_0"}, "cus_1"),
        ({"object": "payment_method", "customer": None}, {"customer": "cus_1"}, "cus_1"),
        ({"object": "product"}, {}, ""),
    ],
)
def test_customers(found: dict[str, Any], previous: Any, customer: str) -> None:
    assert shapes.customer_id(found, previous) == customer
