"""Giving back what was paid, against the sandbox's Stripe."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from apps.accounts.models import Person
from apps.billing import gateway
from apps.billing.invoices import InvoiceLine, invoices_of
from apps.billing.models import BillingCustomer
from apps.billing.services import invoice_refund
from apps.billing.services.refunds import _give_back
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied, PlatformError
from apps.common.money import Money
from apps.tenants.models import Tenant, TenantEvent
from tests import snapshots
from tests.billing.test_buying import Shop, shop
from tests.billing.test_staff import support, told
from tests.conftest import SYSTEM
from tests.console.conftest import signed_in

__all__ = ["shop", "support"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def paid(shop: Shop) -> InvoiceLine:
    """Of €18.00: two seats of Starter."""

    def buy() -> None:
        shop.buy("starter")
        shop.pass_days(15)

    snapshots.once("paid", buy)
    [found] = [one for one in lines(shop.tenant) if one.total.amount_minor]
    assert (found.status, found.refundable) == ("paid", found.total)
    return found


def lines(tenant: Tenant) -> list[InvoiceLine]:
    with system_connection():
        return [InvoiceLine.of(row) for row in invoices_of(SYSTEM, tenant.id)]


def line(tenant: Tenant, invoice_id: str) -> InvoiceLine:
    [found] = [one for one in lines(tenant) if one.id == invoice_id]
    return found


def history(tenant: Tenant) -> list[str]:
    with system_connection():
        found = TenantEvent.objects.filter(tenant=tenant, action="invoice_refunded")
        return [one.reason.split(": ", 1)[1] for one in found.order_by("id")]


def notes(invoice_id: str) -> list[Any]:
    with gateway.stripe_client() as client:
        return list(client.v1.credit_notes.list({"invoice": invoice_id}).data)


Refund = Callable[..., Money]


@pytest.fixture
def refund(shop: Shop, paid: InvoiceLine, support: Actor) -> Refund:
    def ask(amount_minor: int | None = None, **fields: Any) -> Money:
        return invoice_refund(
            **{
                "actor": support,
                "tenant_id": shop.tenant.id,
                "invoice_id": paid.id,
                "amount_minor": amount_minor,
                "reason": "Outage in May",
                "key": uuid.uuid4(),
                **fields,
            }
        )

    return ask


def test_a_part_and_then_the_rest(
    shop: Shop, paid: InvoiceLine, refund: Refund, support: Actor
) -> None:
    assert refund(500) == Money(500, "EUR")
    shop.settle()
    after = line(shop.tenant, paid.id)
    rest = paid.total.amount_minor - 500
    assert (after.refunded.amount_minor, after.refundable.amount_minor) == (500, rest)
    assert refund() == Money(rest, "EUR")
    shop.settle()
    assert line(shop.tenant, paid.id).refundable.amount_minor == 0
    events = told("invoice_refunded")
    assert [event["amount_minor"] for event in events] == [500, rest]
    found = notes(paid.id)
    assert {one.id for one in found} == {event["credit_note_id"] for event in events}
    assert events[0] == {
        "tenant_id": str(shop.tenant.id),
        "invoice_id": paid.id,
        "credit_note_id": events[0]["credit_note_id"],
        "amount_minor": 500,
        "currency": "EUR",
        "reason": "Outage in May",
        "by": support.label,
    }
    assert sorted(one.refunds[0].amount_refunded for one in found) == sorted([500, rest])
    assert history(shop.tenant)[0] == f"€5.00 of {paid.id}: Outage in May"
    with pytest.raises(Conflict) as caught:
        refund()
    assert caught.value.code == "refunded"


def test_the_same_form_gives_back_once(paid: InvoiceLine, refund: Refund) -> None:
    key = uuid.uuid4()
    refund(500, key=key)
    for again in (500, 700, None):
        with pytest.raises(Conflict) as caught:
            refund(again, key=key)
        assert caught.value.code == "refunded_already"
    assert [one.amount for one in notes(paid.id)] == [500]
    assert len(told("invoice_refunded")) == 1


def test_died_in_between_the_same_form_notes_it(
    shop: Shop, paid: InvoiceLine, refund: Refund
) -> None:
    key = uuid.uuid4()
    wished = {"invoice": paid.id, "memo": "Outage in May", "metadata": {"key": str(key)}}
    with gateway.stripe_client() as client:
        _give_back(client, wished, 500, key)
    assert told("invoice_refunded") == []
    assert refund(500, key=key) == Money(500, "EUR")
    assert [one.amount for one in notes(paid.id)] == [500]
    assert len(told("invoice_refunded")) == len(history(shop.tenant)) == 1


def test_two_at_once_give_back_no_more_than_was_paid(paid: InvoiceLine, refund: Refund) -> None:
    ready, outcomes = threading.Barrier(2), []

    def ask() -> None:
        ready.wait(30)
        try:
            outcomes.append(refund().amount_minor)
        except PlatformError as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert paid.total.amount_minor in outcomes
    assert {"busy", "refunded"} & set(outcomes)
    assert [one.amount for one in notes(paid.id)] == [paid.total.amount_minor]
    assert len(told("invoice_refunded")) == 1


def test_what_is_wrong_gives_nothing_back(paid: InvoiceLine, refund: Refund) -> None:
    wrong: list[tuple[int, dict[str, Any], type[Exception]]] = [
        (0, {}, InvalidInput),
        (-1, {}, InvalidInput),
        (paid.total.amount_minor + 1, {}, InvalidInput),
        (500, {"reason": "  "}, InvalidInput),
        (500, {"invoice_id": "in_nobodys"}, NotFound),
        (500, {"tenant_id": uuid.uuid4()}, NotFound),
    ]
    for amount, fields, error in wrong:
        with pytest.raises(error):
            refund(amount, **fields)
    assert notes(paid.id) == []
    assert told("invoice_refunded") == []


def test_tenants_give_nothing_back_and_staff_only_to_whom_it_belongs(
    shop: Shop, paid: InvoiceLine, refund: Refund, globex: Tenant
) -> None:
    with pytest.raises(PermissionDenied):
        refund(500, actor=shop.owner)
    with system_connection():
        BillingCustomer.objects.create(tenant=globex, stripe_id="cus_globex")
    with pytest.raises(NotFound):
        refund(500, tenant_id=globex.id)
    assert notes(paid.id) == []


def test_what_was_not_paid_is_not_given_back(shop: Shop, support: Actor) -> None:
    shop.buy("starter", number="4000000000000341")
    shop.pass_days(15)
    [unpaid] = [one for one in lines(shop.tenant) if one.status == "open"]

    def ask() -> str:
        with pytest.raises(Conflict) as caught:
            invoice_refund(
                actor=support,
                tenant_id=shop.tenant.id,
                invoice_id=unpaid.id,
                amount_minor=None,
                reason="x",
                key=uuid.uuid4(),
            )
        return str(caught.value.code)

    assert ask() == "not_paid"
    with gateway.stripe_client() as client:
        client.v1.invoices.void_invoice(unpaid.id)
    assert ask() == "not_paid"
    assert notes(unpaid.id) == []


def test_in_the_console(shop: Shop, paid: InvoiceLine, staff: Person) -> None:
    console: Client = signed_in(staff)
    page = f"/console/tenants/tenant/{shop.tenant.pk}/"
    html = console.get(f"{page}invoices/").content.decode()
    act = f"{page}refund_invoice/"
    assert f'href="{act}?invoice={paid.id}"' in html
    html = console.get(f"{act}?invoice={paid.id}").content.decode()
    assert f'<option value="{paid.id}" selected>' in html
    sent = {"invoice": paid.id, "reason": "Outage", "key": str(uuid.uuid4())}
    for amount, words in (("a lot", "is no amount"), ("1000", "at most €"), ("1.005", "no amount")):
        response = console.post(act, {**sent, "amount": amount})
        assert words in response.content.decode()
    assert notes(paid.id) == []
    for _twice in range(2):
        response = console.post(act, {**sent, "amount": "5.00"})
        assert response["Location"] == f"{page}invoices/"
    assert [one.amount for one in notes(paid.id)] == [500]
    shop.settle()
    html = console.get(f"{page}invoices/").content.decode()
    assert "€5.00" in html
