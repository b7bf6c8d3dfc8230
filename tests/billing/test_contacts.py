"""Where invoices and receipts go, and what is printed on them."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import Person
from apps.billing import gateway
from apps.billing.models import BillingCustomer
from apps.billing.receipts import receipt_mails
from apps.billing.reconciling import reconcile
from apps.billing.services import Contacts, contacts_set
from apps.billing.tasks import send_receipts
from apps.common.database import system_connection
from apps.common.errors import InvalidInput, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.organizations.actors import actor_for
from apps.tenants.models import Tenant
from tests.api.client import api
from tests.billing.test_acts import only
from tests.billing.test_buying import Shop, shop
from tests.billing.test_staff import told
from tests.conftest import SYSTEM
from tests.portal.conftest import SignIn, sign_in

__all__ = ["api", "shop", "sign_in"]

pytestmark = pytest.mark.django_db(transaction=True)
BERLIN = {"line1": "Allee 1", "postal_code": "10115", "city": "Berlin", "country": "DE"}
WANTED = Contacts("accounts@acme.test", "Acme GmbH", BERLIN, ["tax@adviser.test"])


def put(shop: Shop, wanted: Contacts) -> BillingCustomer:
    with tenant_context(shop.tenant):
        return contacts_set(actor=shop.owner, tenant=shop.tenant, wanted=wanted)


def customer(shop: Shop) -> BillingCustomer:
    with system_connection():
        return BillingCustomer.objects.get(tenant=shop.tenant)


def test_kept_here_and_at_stripe(shop: Shop) -> None:
    row = put(shop, WANTED)
    assert Contacts.of(row) == Contacts(
        "accounts@acme.test", "Acme GmbH", BERLIN, ("tax@adviser.test",)
    )
    with gateway.stripe_client() as client:
        found = client.v1.customers.retrieve(row.stripe_id or "")
    assert (found.email, found.name) == ("accounts@acme.test", "Acme GmbH")
    assert found.address is not None
    assert (found.address.city, found.address.country) == ("Berlin", "DE")
    only("contacts_changed", changed="name address extra_emails")
    put(shop, WANTED)
    assert len(told("contacts_changed")) == 1
    shop.settle()
    assert customer(shop).extra_emails == ["tax@adviser.test"]
    less = Contacts("accounts@acme.test", "Acme GmbH", {"country": "DE"}, [])
    assert put(shop, less).address == {"country": "DE"}


def test_what_is_refused(shop: Shop, bob: Person) -> None:
    for wrong, field in (
        (Contacts("no address", "Acme"), "email"),
        (Contacts("a@b.test", " "), "name"),
        (Contacts("a@b.test", "Acme", {"country": "XX"}), "country"),
        (Contacts("a@b.test", "Acme", {"planet": "Mars"}), "address"),
        (Contacts("a@b.test", "Acme", {}, ["x"]), "extra_emails"),
        (Contacts("a@b.test", "Acme", {}, [f"a{n}@b.test" for n in range(11)]), "extra_emails"),
    ):
        with pytest.raises(InvalidInput) as caught:
            put(shop, wrong)
        assert caught.value.errors[0].attr == field
    with tenant_context(shop.tenant), pytest.raises(PermissionDenied):
        contacts_set(actor=actor_for(bob), tenant=shop.tenant, wanted=WANTED)
    with system_connection():
        assert not BillingCustomer.objects.exists()


def test_a_receipt_goes_there_once(shop: Shop, mailoutbox: list[Any]) -> None:
    put(shop, WANTED)
    shop.buy("starter")
    drain_once()
    mailoutbox.clear()
    shop.pass_days(15)
    drain_once()
    receipts = [one for one in mailoutbox if "Receipt" in one.subject]
    assert [one.to for one in receipts] == [["accounts@acme.test"], ["tax@adviser.test"]]
    assert "€18.00" in receipts[0].body
    [event] = told("invoice_paid")
    assert (event["amount_minor"], event["tax_minor"], event["currency"]) == (1800, 0, "EUR")
    mailoutbox.clear()
    send_receipts(tenant_id=str(shop.tenant.id), invoice_id=str(event["invoice_id"]))
    assert mailoutbox == []


def test_without_an_address_it_goes_to_who_manages_billing(
    shop: Shop, globex: Tenant, mailoutbox: list[Any]
) -> None:
    shop.buy("starter")
    shop.pass_days(15)
    with system_connection():
        BillingCustomer.objects.update(email="")
    [event] = told("invoice_paid")
    invoice_id = str(event["invoice_id"])
    [mail] = receipt_mails(tenant_id=shop.tenant.id, invoice_id=invoice_id)
    assert mail.to == ["alice@acme.test"]
    assert receipt_mails(tenant_id=globex.id, invoice_id=invoice_id) == []
    assert receipt_mails(tenant_id=shop.tenant.id, invoice_id="in_none") == []


def test_what_changed_at_stripe_is_mended(shop: Shop) -> None:
    put(shop, WANTED)
    shop.settle()
    with system_connection():
        BillingCustomer.objects.update(address={})
    report = reconcile(actor=SYSTEM, tenant=shop.tenant)
    assert (report.counts, report.left) == ({"customer_address": 1}, [])
    assert customer(shop).address == BERLIN


def test_the_api(shop: Shop, api: Callable[..., Any]) -> None:
    client = api(shop.alice, shop.tenant)
    assert client.get("billing/contacts/").json() == {
        "email": "",
        "name": "Acme",
        "address": {},
        "extra_emails": [],
    }
    body = {
        "email": "accounts@acme.test",
        "name": "Acme GmbH",
        "address": BERLIN,
        "extra_emails": ["tax@adviser.test"],
    }
    assert client.put("billing/contacts/", body).json() == body
    assert client.get("billing/contacts/").json() == body
    assert client.put("billing/contacts/", {**body, "email": "x"}).status_code == 400


def test_the_page(shop: Shop, sign_in: SignIn, bob: Person) -> None:
    browser = sign_in(shop.alice, shop.tenant)
    assert 'value="alice@acme.test"' in browser.get("/plan/contacts/").content.decode()
    form = {
        "email": "accounts@acme.test",
        "name": "Acme GmbH",
        "extra_emails": "tax@adviser.test\r\nboss@acme.test\r\n",
        "country": "DE",
    }
    assert browser.post("/plan/contacts/", {**form, "extra_emails": "x"}).status_code == 422
    assert browser.post("/plan/contacts/", form).headers["Location"] == "/plan/"
    row = customer(shop)
    assert (row.extra_emails, row.address) == (
        ["tax@adviser.test", "boss@acme.test"],
        {"country": "DE"},
    )
    assert sign_in(bob, shop.tenant).get("/plan/contacts/").status_code == 403
