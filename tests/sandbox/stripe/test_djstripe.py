"""dj-stripe's models take what the stand-in says, as they take it from Stripe."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from django.conf import settings
from django.db import transaction

from tests.sandbox.stripe.conftest import Sandbox

pytestmark = pytest.mark.skipif(
    "djstripe" not in settings.INSTALLED_APPS, reason="dj-stripe is not installed yet"
)


@pytest.fixture
def models(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Any]:
    """dj-stripe's models, whose rows are gone after the test."""
    from djstripe import models as found

    settings.STRIPE_TEST_SECRET_KEY = settings.STRIPE_SECRET_KEY = sandbox.account.secret_key
    settings.STRIPE_LIVE_MODE = False
    monkeypatch.setattr(stripe, "api_base", f"{sandbox.url}/sandbox/stripe")
    monkeypatch.setattr(stripe, "api_key", sandbox.account.secret_key)
    # Elsewhere dj-stripe is not let onto the network by itself.
    http = stripe.RequestsClient()
    monkeypatch.setattr(stripe, "default_http_client", http)
    with transaction.atomic():
        yield found
        transaction.set_rollback(True)
    http.close()


def test_models_take_every_object(
    sandbox: Sandbox, client: stripe.StripeClient, models: Any
) -> None:
    v1 = client.v1
    customer = v1.customers.create(
        {
            "email": "a@acme.test",
            "payment_method": "pm_card_visa",
            "tax_id_data": [{"type": "eu_vat", "value": "DE123456789"}],
        }
    )
    product = v1.products.create({"name": "Starter"})
    price = v1.prices.create(
        {
            "product": product.id,
            "currency": "eur",
            "unit_amount": 900,
            "recurring": {"interval": "month"},
        }
    )
    coupon = v1.coupons.create({"percent_off": 10, "duration": "forever"})
    code = v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    rate = v1.tax_rates.create({"display_name": "MwSt.", "inclusive": False, "percentage": 19})
    [method] = v1.customers.payment_methods.list(customer.id).data
    setup = v1.setup_intents.create({"customer": customer.id})
    intent = v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "eur",
            "customer": customer.id,
            "payment_method": method.id,
            "confirm": True,
        }
    )
    refund = v1.refunds.create({"payment_intent": intent.id, "amount": 100})
    disputed = v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "eur",
            "payment_method": "pm_card_createDispute",
            "confirm": True,
        }
    )
    session = v1.checkout.sessions.create(
        {"mode": "setup", "customer": customer.id, "success_url": "https://acme.example/"}
    )
    found = {
        models.Account: v1.accounts.retrieve_current(),
        models.Customer: customer,
        models.Product: product,
        models.Price: price,
        models.Coupon: coupon,
        models.PromotionCode: code,
        models.TaxRate: rate,
        models.TaxId: v1.customers.tax_ids.list(customer.id).data[0],
        models.PaymentMethod: method,
        models.SetupIntent: setup,
        models.PaymentIntent: intent,
        models.Charge: v1.charges.retrieve(str(intent.latest_charge)),
        models.BalanceTransaction: v1.balance_transactions.list().data[-1],
        models.Refund: refund,
        models.Dispute: v1.disputes.list({"payment_intent": disputed.id}).data[0],
        models.Session: session,
        models.Event: v1.events.list().data[0],
    }
    for model, data in found.items():
        row = model.sync_from_stripe_data(data, api_key=sandbox.account.secret_key)
        assert row.id == data.id
        assert row.stripe_data["object"] == data.object
    charge = models.Charge.objects.get(id=intent.latest_charge)
    assert charge.customer.email == "a@acme.test"
