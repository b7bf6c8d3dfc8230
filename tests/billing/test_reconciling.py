"""Reconciliation with the sandbox's Stripe: of two tenants that are as they should be, and of what is not."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from apps.accounts.models import Person
from apps.billing import gateway
from apps.billing.models import AddOn, BillingCustomer, Plan, Price, Subscription, TenantAddOn
from apps.billing.reconciling import Report, reconcile
from apps.billing.reconciling.findings import KINDS
from apps.events.models import OutboxEvent
from apps.sandbox.stripe.models import StripeDelivery, StripeObject
from apps.tenants.models import Tenant
from tests import snapshots
from tests.billing.test_buying import Shop, shop
from tests.conftest import SYSTEM

__all__ = ["shop"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shops(shop: Shop, globex: Tenant, charlie: Person) -> tuple[Shop, Shop]:
    """acme and globex pay, and everything that Stripe told took effect."""
    other = Shop(globex, charlie, shop.account)

    def buy() -> None:
        shop.buy("starter")
        other.buy("business")
        shop.pass_days(15)

    snapshots.once("shops", buy)
    return shop, other


def run(**options: Any) -> Report:
    return reconcile(actor=SYSTEM, **options)


def found(report: Report) -> set[str]:
    return {f"{one.tenant or '-'}:{one.kind}" for one in report.findings}


def left(report: Report) -> set[str]:
    return {f"{one.tenant or '-'}:{one.kind}" for one in report.left}


def rows() -> dict[str, list[Any]]:
    """All that a dry run could have changed."""
    models = [
        *apps.get_app_config("billing").get_models(),
        *apps.get_app_config("djstripe").get_models(),
        Tenant,
        OutboxEvent,
        StripeObject,
        StripeDelivery,
    ]
    return {str(model): list(model._default_manager.order_by("pk").values()) for model in models}


def copies(name: str, customer_id: str) -> list[Any]:
    model: Any = apps.get_model("djstripe", name)
    return list(model.objects.filter(customer__id=customer_id).order_by("created", "id"))


def alter(copy: Any, **data: Any) -> None:
    copy.stripe_data.update(data)
    copy.save()


def customer(one: Shop) -> BillingCustomer:
    return BillingCustomer.objects.get(tenant=one.tenant)


def test_what_events_would_have_brought_is_taken_over(
    shops: tuple[Shop, Shop], published: Callable[[], list[str]]
) -> None:
    acme, globex = shops
    assert run(is_dry_run=True).findings == []
    for one in shops:
        one.pass_days(31)
        assert run(tenant=one.tenant).findings == []
    healthy = run()
    assert (healthy.findings, healthy.waiting, healthy.checked) == ([], [], 2)
    row, ours = acme.row, customer(acme)
    stripe_id = ours.stripe_id or ""
    with gateway.stripe_client() as client:
        draft = client.v1.invoices.create({"customer": stripe_id})
        acme.settle()
        client.v1.invoices.delete(draft.id)
        client.v1.customers.update(stripe_id, {"email": "pays@acme.test"})
        pausing: Any = {"pause_collection": {"behavior": "void"}, "cancel_at_period_end": True}
        client.v1.subscriptions.update(row.stripe_id, pausing)
        charges = client.v1.charges.list({"customer": stripe_id}).data
        client.v1.refunds.create({"charge": charges[0].id, "amount": 100})
        before = len(client.v1.charges.list().data), len(client.v1.refunds.list().data)
    BillingCustomer.objects.filter(id=ours.id).update(
        name="Old", currency="usd", address={"city": "Nowhere"}
    )
    then = timezone.now() - timedelta(days=60)
    Subscription.objects.filter(tenant=acme.tenant).update(
        status="trialing",
        standing="suspended",
        price=acme.price("business"),
        quantity=7,
        next_price=acme.price("starter"),
        trial_ends_at=then,
        period_starts_at=then,
    )
    Subscription.objects.filter(tenant=globex.tenant).delete()
    BillingCustomer.objects.filter(tenant=globex.tenant).update(stripe_id=None)
    invoices = [one for one in copies("Invoice", stripe_id) if one.stripe_data["total"]]
    alter(invoices[0], status="open")
    alter(invoices[0], amount_paid=0, payments={"data": []})
    lost = copies("Invoice", customer(acme).stripe_id or "")[0]
    lost.delete()
    intents, paid = copies("PaymentIntent", stripe_id), copies("Charge", stripe_id)
    alter(intents[0], status="processing", amount_received=0)
    alter(paid[0], status="pending")
    intents[1].delete()
    apps.get_model("djstripe", "Charge").objects.filter(id=paid[1].id).delete()
    expected = {
        "acme:customer_address",
        "acme:customer_currency",
        "acme:customer_email",
        "acme:customer_name",
        "acme:charge_amounts",
        "acme:charge_missing",
        "acme:charge_status",
        "acme:invoice_amounts",
        "acme:invoice_gone",
        "acme:invoice_missing",
        "acme:invoice_payment",
        "acme:invoice_status",
        "acme:payment_amounts",
        "acme:payment_missing",
        "acme:payment_status",
        "acme:plan_differs",
        "acme:subscription_cancel",
        "acme:subscription_next",
        "acme:subscription_paused",
        "acme:subscription_period",
        "acme:subscription_price",
        "acme:subscription_quantity",
        "acme:subscription_standing",
        "acme:subscription_status",
        "acme:subscription_trial",
        "globex:customer_unlinked",
    }
    known = rows()
    dry = run(is_dry_run=True)
    assert found(dry) == left(dry) == expected
    assert rows() == known
    report = run()
    assert found(report) == expected | {"globex:subscription_missing"}
    assert left(report) == set()
    told = [name for name in published() if name.endswith("reconciled")]
    assert len(told) == 4
    event = OutboxEvent.objects.filter(name="billing.reconciled").latest("position")
    assert event.payload["left"] == 0
    assert "globex" not in event.payload["kinds"]
    assert "invoice_gone=1" in event.payload["kinds"].split()
    assert (acme.row.quantity, acme.row.standing, acme.plan) == (2, "paused", "free")
    assert acme.row.ends_at == acme.row.period_ends_at
    assert (globex.row.standing, globex.plan) == ("active", "business")
    assert (customer(acme).name, customer(acme).email) == ("Alice Archer", "pays@acme.test")
    assert run().findings == []
    # The events that come late after all have nothing left to do.
    changes = published().count("billing.subscription_changed")
    acme.settle()
    assert published().count("billing.subscription_changed") == changes
    assert run().findings == []
    with gateway.stripe_client() as client:
        assert before == (len(client.v1.charges.list().data), len(client.v1.refunds.list().data))


def test_what_needs_a_person_is_told_again(shops: tuple[Shop, Shop]) -> None:
    acme, globex = shops
    lost = customer(globex)
    with gateway.stripe_client() as client:
        client.v1.customers.create({"email": "who@nowhere.test"})
        own = client.v1.products.create({"name": "By hand"})
        price = client.v1.prices.create(
            {
                "product": own.id,
                "currency": "eur",
                "unit_amount": 500,
                "recurring": {"interval": "month"},
            }
        )
        second: Any = {"items": [{"price": price.id}], "trial_period_days": 10}
        client.v1.subscriptions.create({"customer": customer(acme).stripe_id, **second})
        [item] = client.v1.subscription_items.list({"subscription": acme.row.stripe_id}).data
        client.v1.subscription_items.update(item.id, {"quantity": 5})
        yearly = acme.price("business", "year")
        client.v1.prices.update(yearly.stripe_price_id or "", {"active": False})
        starter = Plan.objects.get(code="starter")
        client.v1.products.update(starter.stripe_product_id or "", {"active": False})
        acme.settle()
    Price.objects.filter(id=acme.price("starter", "year").id).update(stripe_price_id="price_gone")
    Price.objects.filter(id=acme.price("starter", "month", "USD").id).update(amount_minor=1)
    Plan.objects.filter(code="business").update(stripe_product_id="prod_gone")
    Tenant.objects.filter(id=acme.tenant.id).update(status="deleting")
    BillingCustomer.objects.filter(id=lost.id).update(stripe_id="cus_gone")
    expected = {
        "-:customer_unknown",
        "-:price_archived",
        "-:price_differs",
        "-:price_missing",
        "-:product_archived",
        "-:product_missing",
        "acme:subscription_of_deleted",
        "acme:subscription_second",
        "globex:customer_missing",
        "globex:customer_second",
        "globex:subscription_gone",
        "globex:subscription_of_nobody",
    }
    for _again in range(2):
        report = run()
        assert found(report) == left(report) == expected
    Tenant.objects.filter(id=acme.tenant.id).update(status="ready")
    assert found(run(tenant=acme.tenant)) == {"acme:subscription_second", "acme:seats"}
    assert found(run(tenant=globex.tenant)) == {one for one in expected if "globex" in one}


def test_a_customer_deleted_there_and_a_price_of_nobody(shops: tuple[Shop, Shop]) -> None:
    acme, globex = shops
    with gateway.stripe_client() as client:
        own = client.v1.products.create({"name": "By hand"})
        price = client.v1.prices.create(
            {
                "product": own.id,
                "currency": "eur",
                "unit_amount": 500,
                "recurring": {"interval": "month"},
            }
        )
        [item] = client.v1.subscription_items.list({"subscription": acme.row.stripe_id}).data
        client.v1.subscription_items.update(item.id, {"price": price.id})
        client.v1.customers.delete(customer(globex).stripe_id or "")
    report = run()
    assert left(report) == {"acme:price_unknown", "globex:customer_deleted"}
    assert found(report) - left(report) >= {
        "acme:subscription_price",
        "globex:subscription_status",
    }
    assert (acme.row.price, acme.plan) == (None, "free")
    assert (globex.row.standing, globex.plan) == ("ended", "free")
    assert found(run()) == left(run()) == {"acme:price_unknown", "globex:customer_deleted"}


def test_add_ons_that_nobody_pays_for(shops: tuple[Shop, Shop]) -> None:
    acme, _globex = shops
    add_on = AddOn.objects.get(code="seats_10")
    TenantAddOn.objects.create(
        tenant=acme.tenant, add_on=add_on, quantity=3, paid_quantity=2, since=timezone.now()
    )
    report = run()
    assert found(report) == {"acme:subscription_add_ons"}
    assert left(report) == set()
    held = TenantAddOn.objects.get(tenant=acme.tenant)
    assert (held.quantity, held.paid_quantity) == (1, 0)


def test_every_kind_has_a_test() -> None:
    files = Path(__file__).parents[1].glob("*/test_reconciling*.py")
    text = "".join(one.read_text() for one in files)
    assert [kind for kind in KINDS if f":{kind}" not in text] == []
