"""Lives that chance makes up: whatever happens, the books balance, and events tell all of it."""

import contextlib
import itertools
import random
from typing import Any

import pytest
import stripe

from tests.sandbox.stripe.billing import DAY_S, Shop
from tests.sandbox.stripe.conftest import BEGIN, Sandbox

CARDS = [
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_chargeCustomerFail",
    "pm_card_authenticationRequired",
]
STEPS = 40


class Life:
    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop, self.random = shop, random.Random(seed)
        self.prices = [shop.price(cents) for cents in (900, 2900, 9900)]
        vat: Any = {"display_name": "VAT", "percentage": "7.7", "inclusive": seed % 2 == 0}
        self.customer = shop.customer(balance=-250)
        self.found = shop.subscribe(
            self.customer,
            items=[{"price": self.prices[1], "quantity": 3}],
            default_tax_rates=[shop.v1.tax_rates.create(vat).id],
        )
        half: Any = {"percent_off": 33.3, "duration": "repeating", "duration_in_months": 2}
        self.coupon = shop.v1.coupons.create(half).id

    def step(self) -> None:
        act = self.random.choice(
            [self.wait, self.wait, self.wait, self.change, self.card, self.pay, self.discount]
        )
        with contextlib.suppress(stripe.CardError):
            act()

    def wait(self) -> None:
        self.shop.pass_time(self.shop.now + self.random.randint(3600, 25 * DAY_S))

    def change(self) -> None:
        now = self.shop.v1.subscriptions.retrieve(self.found.id)
        item = {"id": now["items"].data[0].id, "quantity": self.random.randint(0, 9)}
        given: Any = {
            "items": [item | {"price": self.random.choice(self.prices)}],
            "proration_behavior": self.random.choice(
                ["always_invoice", "create_prorations", "none"]
            ),
        }
        self.shop.v1.subscriptions.update(self.found.id, given)

    def card(self) -> None:
        self.shop.card(self.customer, self.random.choice(CARDS))

    def pay(self) -> None:
        for one in self.shop.invoices(status="open"):
            self.shop.v1.invoices.pay(one.id, {"paid_out_of_band": self.random.random() < 0.2})

    def discount(self) -> None:
        given: Any = {"discounts": [{"coupon": self.coupon}]}
        self.shop.v1.subscriptions.update(self.found.id, given)


def check_books(shop: Shop, customer: str) -> None:
    invoices = shop.invoices(customer=customer)
    for one in invoices:
        lines = list(shop.v1.invoices.line_items.list(one.id, {"limit": 100}).auto_paging_iter())
        assert one.subtotal == sum(line.amount for line in lines)
        off = sum(part.amount for part in one.total_discount_amounts or [])
        added = sum(t.amount for t in one.total_taxes or [] if t.tax_behavior == "exclusive")
        assert one.total == one.subtotal - off + added
        if one.status in {"open", "paid"}:
            assert one.amount_due == one.amount_paid + one.amount_remaining
            assert one.total + one.starting_balance == one.amount_due + (one.ending_balance or 0)
    charged = [one for one in shop.v1.charges.list({"limit": 100}).auto_paging_iter() if one.paid]
    by_card = sum(one.amount_paid - (one.amount_paid_off_stripe or 0) for one in invoices)
    assert by_card == sum(one.amount for one in charged)
    moved = shop.v1.customers.balance_transactions.list(customer, {"limit": 100})
    balance = -250 + sum(one.amount for one in moved.auto_paging_iter())
    assert shop.v1.customers.retrieve(customer).balance == balance


def check_events(shop: Shop, found: stripe.Subscription) -> None:
    """Who only listens knows what is true."""
    told: dict[str, Any] = {}
    for one in shop.events("customer.subscription", "invoice."):
        if one.type != "invoice.upcoming":
            data = one.data.object
            told[data["id"]] = data.to_dict() if hasattr(data, "to_dict") else data
    now = shop.v1.subscriptions.retrieve(found.id).to_dict()
    assert told[found.id] == now
    for invoice in shop.invoices():
        assert told[str(invoice.id)] == invoice.to_dict()


def check_periods(shop: Shop, found: stripe.Subscription) -> None:
    """No day is billed twice, none is left out."""
    starts_ends = [
        (line.period.start, line.period.end)
        for invoice in shop.invoices(subscription=found.id)
        if invoice.billing_reason in {"subscription_create", "subscription_cycle"}
        for line in invoice.lines.data
        if not line.parent.subscription_item_details.proration  # type: ignore[union-attr]
    ]
    assert starts_ends[0][0] == BEGIN
    for (_, end), (start, _) in itertools.pairwise(starts_ends):
        assert start == end


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_life(sandbox: Sandbox, seed: int) -> None:
    shop = Shop(sandbox)
    sandbox.control("billing", after_retries=["unpaid", "past_due"][seed % 2])
    life = Life(shop, seed)
    for _ in range(STEPS):
        life.step()
    check_books(shop, life.customer)
    check_events(shop, life.found)
    check_periods(shop, life.found)
    assert len(shop.invoices()) > 5
