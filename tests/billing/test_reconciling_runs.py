"""Reconciliation as it is run: by the command, the schedule, staff; and what it leaves alone."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import Person
from apps.billing import tasks
from apps.billing.models import BillingCustomer, Plan, StripeEvent
from apps.billing.reconciling import reconcile
from apps.common.errors import PermissionDenied
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from tests.billing.test_buying import Shop, shop
from tests.billing.test_reconciling import customer, found, run, shops
from tests.console.conftest import messages_of, signed_in

__all__ = ["shop", "shops"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_held_and_not_paid(shop: Shop, assign: Any, globex: Tenant) -> None:
    assign("free", tenant=globex)
    assert run().findings == []
    assign("starter")
    assert found(run()) == {"acme:plan_unpaid"}
    assert found(run(tenant=shop.tenant)) == {"acme:plan_unpaid"}
    assert found(run(tenant=globex)) == set()
    assign("starter", is_comp=True)
    assert run().findings == []
    shop.buy("business")
    assert (shop.row.standing, shop.plan) == ("trial", "starter")
    assert run().findings == []


def billing(*arguments: str) -> tuple[str, str]:
    out = StringIO()
    try:
        call_command("billing", *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def test_the_command_and_the_schedule(shops: tuple[Shop, Shop], monkeypatch: Any) -> None:
    assert billing("reconcile") == ("2 customers, 0 differences. 0 mended.\n", "")
    _acme, globex = shops
    for one in shops:
        BillingCustomer.objects.filter(tenant=one.tenant).update(name="Old")
    said, error = billing("reconcile", "--dry-run", "--tenant", "acme")
    assert said.startswith("differs customer_name            acme ")
    assert said.endswith(
        "here: Old; Stripe: Alice Archer\n1 customers, 1 differences. Nothing is changed.\n"
    )
    assert error == "1 to do."
    said, error = billing("reconcile", "--tenant", "acme", "--json")
    told = json.loads(said)
    assert (error, told["left"], told["counts"]) == ("", 0, {"customer_name": 1})
    assert told["findings"][0]["state"] == "mended"
    assert billing("reconcile", "--tenant", "initech")[1] == "There is no tenant initech."
    assert billing("reconcile", "--days", "0")[1] == "--days: 1 to 3660."
    queued: list[list[str]] = []
    monkeypatch.setattr(tasks.reconcile_customers, "delay", queued.append)
    tasks.reconcile()
    assert queued == [[customer(globex).stripe_id]]
    tasks.reconcile_customers(queued[0])
    assert customer(globex).name == "Alice Archer"
    Plan.objects.filter(code="starter").update(stripe_product_id="prod_gone")
    said, error = billing("reconcile")
    assert error == "1 left for a person."
    assert "person  product_missing" in said
    assert "Sell another version, and sync it." in said


def test_it_is_for_the_platform(shop: Shop) -> None:
    with pytest.raises(PermissionDenied):
        reconcile(actor=shop.owner)


def test_staff_have_it_done_for_one_tenant(shop: Shop, staff: Person) -> None:
    shop.buy("starter")
    console, ours = signed_in(staff), BillingCustomer.objects.filter(tenant=shop.tenant)
    ours.update(name="Old")
    page = f"/console/tenants/tenant/{shop.tenant.pk}/reconcile/"
    assert "Nothing is changed there." in console.get(page).content.decode()
    waiting = StripeEvent.objects.filter(lane=customer(shop).stripe_id)[:1]
    StripeEvent.objects.filter(id__in=waiting.values("id")).update(state="pending")
    report = run()
    assert (report.findings, report.waiting) == ([], [customer(shop).stripe_id])
    assert messages_of(console.post(page))[-1].startswith("Events of Stripe are being worked on.")
    assert customer(shop).name == "Old"
    StripeEvent.objects.update(state="done")
    assert messages_of(console.post(page))[-1] == "acme is as Stripe has it."
    assert customer(shop).name == "Alice Archer"
    event = OutboxEvent.objects.filter(name="billing.reconciled").latest("position")
    assert event.actor_label == "staff@platform.test"
    ours.update(stripe_id="cus_gone")
    said = messages_of(console.post(page))[-1]
    assert said.startswith("Left for a person: ")
    assert "customer_missing (cus_gone: Stripe knows no such customer" in said
