"""Purchases, grants and what Stripe has of them: what was lost is found, and mended once."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.billing import gateway
from apps.billing.models import CreditPurchase
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.credits.enums import GrantSource
from apps.credits.models import Grant
from apps.events.drain import drain_once
from tests.billing.conftest import queued, sold, stripe_at
from tests.billing.test_buying import Shop, pay, shop
from tests.billing.test_reconciling import found, left, run
from tests.credits.support import assert_sound, balance, grant
from tests.credits.test_buying import CREDIT, begin, buy, load_packs

__all__ = ["queued", "shop", "sold", "stripe_at"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_lost_is_mended_and_the_rest_is_told(shop: Shop) -> None:
    load_packs()
    row = buy(shop)
    assert found(run()) == set()
    # Paid, and nobody told us.
    pay(begin(shop).url)
    assert "acme:purchase_unpaid" in found(run(is_dry_run=True))
    report = run()
    assert ("acme:purchase_unpaid" in found(report), left(report)) == (True, set())
    drain_once()
    assert found(run()) == set()
    with tenant_context(shop.tenant):
        assert balance() == 1000 * CREDIT
    # Paid back, and nobody told us; then told, and not followed.
    with gateway.stripe_client() as client:
        intent: Any = row.stripe_payment_intent_id
        client.v1.refunds.create({"payment_intent": intent, "amount": 1000})
    report = run()
    assert ("acme:purchase_returned" in found(report), left(report)) == (True, set())
    drain_once()
    with tenant_context(shop.tenant):
        assert balance() == 750 * CREDIT
    with system_connection():
        CreditPurchase.objects.filter(id=row.id).update(returned={"ch_other": 500})
    report = run()
    assert {"acme:grant_kept", "acme:purchase_returned"} & found(report)
    drain_once()
    with tenant_context(shop.tenant):
        assert balance() == 625 * CREDIT
        assert_sound()
    # A purchase whose grant is not there, and one that Stripe knows nothing of.
    with system_connection():
        CreditPurchase.objects.create(
            tenant=shop.tenant,
            price=row.price,
            quantity=1,
            credits_microcredits=5 * CREDIT,
            amount_minor=100,
            currency="EUR",
            state="paid",
            paid_at=timezone.now(),
            paid_minor=100,
        )
    report = run()
    assert found(report) == {"acme:grant_missing", "acme:purchase_gone"}
    assert left(report) == {"acme:purchase_gone"}
    with tenant_context(shop.tenant):
        assert balance() == 630 * CREDIT
        grant(7 * CREDIT, source=GrantSource.PURCHASE, reference="by hand")
    with gateway.stripe_client() as client:
        stranger: Any = {
            "amount": 500,
            "currency": "eur",
            "customer": shop.customer_id,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "metadata": {"credit_purchase_id": str(uuid.uuid4())},
        }
        client.v1.payment_intents.create(stranger)
    shop.settle()
    assert left(run()) == {
        "acme:purchase_gone",
        "acme:grant_unpaid",
        "acme:purchase_unknown",
    }
    with tenant_context(shop.tenant):
        assert Grant.objects.filter(created_at__lt=timezone.now() - timedelta(days=1)).count() == 0
        assert_sound()
