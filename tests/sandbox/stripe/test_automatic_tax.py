"""One rate a country, on top."""

import pytest
import stripe

from tests.sandbox.stripe.billing import Shop
from tests.sandbox.stripe.conftest import Sandbox


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    return Shop(sandbox)


def bought(shop: Shop, country: str) -> stripe.Invoice:
    customer = shop.customer(address={"country": country})
    made = shop.subscribe(customer, shop.price(1000), automatic_tax={"enabled": True})
    assert made.automatic_tax.enabled
    return shop.invoice(made)


def test_the_rate_of_the_country(shop: Shop) -> None:
    found = bought(shop, "DE")
    assert (found.total, found.total_excluding_tax, found.amount_paid) == (1190, 1000, 1190)
    [tax] = found.total_taxes or []
    assert (tax.amount, tax.tax_behavior) == (190, "exclusive")
    assert found.automatic_tax.status == "complete"
    assert bought(shop, "DE").total == 1190
    assert len(shop.v1.tax_rates.list({}).data) == 1
    assert bought(shop, "JP").total == 1000
