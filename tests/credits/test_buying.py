"""Packs, bought on Stripe's page of the sandbox; granted once, and taken back when they are paid back."""

import random
import uuid
from typing import Any

import pytest

from apps.billing import gateway
from apps.billing.models import BillingCustomer, CreditPurchase
from apps.billing.services import catalogue_load, catalogue_sync, purchase_check
from apps.billing.services.refunds import invoice_refund
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.credits.models import Grant
from apps.credits.services.buying import packs_checkout_begin
from apps.events.drain import drain_once
from apps.organizations.actors import actor_for
from tests.billing.conftest import queued, sold, stripe_at
from tests.billing.test_buying import Shop, pay, shop
from tests.billing.test_sandbox import deliver_all, work
from tests.conftest import SYSTEM
from tests.credits.support import assert_sound, balance, debit, left_of

__all__ = ["queued", "shop", "sold", "stripe_at"]

pytestmark = pytest.mark.django_db(transaction=True)
CREDIT = 1_000_000


@pytest.fixture
def packs(shop: Shop) -> Shop:
    """The shop sells packs, too."""
    load_packs()
    return shop


def load_packs(**terms: Any) -> None:
    from apps.billing import catalogue

    catalogue_load(
        actor=SYSTEM, plans=catalogue.PLANS, add_ons=catalogue.ADD_ONS, packs=catalogue.PACKS
    )
    catalogue_sync(actor=SYSTEM, dry_run=False)


def begin(shop: Shop, pack: str = "credits_500", quantity: int = 1, currency: str = "EUR") -> Any:
    with tenant_context(shop.tenant):
        return packs_checkout_begin(
            actor=shop.owner,
            tenant=shop.tenant,
            pack=pack,
            currency=currency,
            quantity=quantity,
            email="alice@acme.test",
        )


def buy(shop: Shop, **wished: Any) -> CreditPurchase:
    page = begin(shop, **wished)
    answer = pay(page.url)
    assert answer.headers["Location"] == shop.tenant.url("/credits/buy/?bought=yes")
    settle(shop)
    with system_connection():
        return CreditPurchase.objects.get(stripe_session_id=page.id)


def settle(shop: Shop) -> None:
    """What Stripe tells of takes effect, and so do our own events."""
    shop.settle()
    drain_once()


def grants(shop: Shop) -> list[Grant]:
    with tenant_context(shop.tenant):
        return list(Grant.objects.filter(source="purchase").order_by("id"))


def left(shop: Shop) -> int:
    with tenant_context(shop.tenant):
        assert_sound()
        [one] = Grant.objects.filter(source="purchase")
        return left_of(one)


def test_packs_are_bought_and_granted_with_an_invoice(packs: Shop) -> None:
    row = buy(packs, quantity=2)
    assert (row.state, row.paid_minor, row.currency) == ("paid", 4000, "EUR")
    [grant] = grants(packs)
    assert grant.amount_microcredits == 1000 * CREDIT
    assert (grant.reference, grant.description) == (str(row.id), "2 × 500 credits")
    assert grant.expires_at is not None
    assert (grant.expires_at - grant.effective_at).days == 365
    assert left(packs) == 1000 * CREDIT
    with gateway.stripe_client() as client:
        invoice = client.v1.invoices.retrieve(row.stripe_invoice_id or "")
    assert (invoice.status, invoice.total, invoice.number is not None) == ("paid", 4000, True)
    assert row.stripe_payment_intent_id


def test_once_in_any_order_five_times_each(packs: Shop) -> None:
    page = begin(packs)
    pay(page.url)
    with gateway.stripe_client() as client:
        session = client.v1.checkout.sessions.retrieve(page.id)
        client.v1.refunds.create({"payment_intent": str(session.payment_intent), "amount": 500})
    deliver_all(5, random.Random(1))
    work()
    for _again in range(2):
        drain_once()
    [grant] = grants(packs)
    assert grant.amount_microcredits == 500 * CREDIT
    assert left(packs) == 375 * CREDIT


def test_without_any_event_the_sweep_finds_it(packs: Shop) -> None:
    page = begin(packs)
    with system_connection():
        row = CreditPurchase.objects.get()
    assert purchase_check(actor=SYSTEM, purchase_id=row.id)
    row.refresh_from_db()
    assert row.state == "open"
    pay(page.url)
    for _again in range(2):
        assert purchase_check(actor=SYSTEM, purchase_id=row.id)
        drain_once()
    assert left(packs) == 500 * CREDIT


def test_a_page_that_nobody_paid_on(packs: Shop) -> None:
    page = begin(packs)
    with gateway.stripe_client() as client:
        client.v1.checkout.sessions.expire(page.id)
    settle(packs)
    with system_connection():
        row = CreditPurchase.objects.get()
    assert (row.state, row.failure_code, row.check_at) == ("failed", "expired", None)
    assert grants(packs) == []


def test_a_refund_takes_back_in_proportion_what_is_left(packs: Shop) -> None:
    row = buy(packs)
    with tenant_context(packs.tenant):
        debit(300 * CREDIT)
    for amount, remains in ((500, 75), (500, 0), (1000, 0)):
        with gateway.stripe_client() as client:
            client.v1.refunds.create(
                {"payment_intent": row.stripe_payment_intent_id or "", "amount": amount}
            )
        settle(packs)
        assert left(packs) == remains * CREDIT
    with system_connection():
        row.refresh_from_db()
    assert row.returned_minor == 2000
    assert grants(packs)[0].revoked_at is not None


def test_a_refund_of_its_invoice_in_the_console(packs: Shop) -> None:
    row = buy(packs)
    invoice_refund(
        actor=SYSTEM,
        tenant_id=packs.tenant.id,
        invoice_id=row.stripe_invoice_id or "",
        amount_minor=None,
        reason="Not needed",
        key=uuid.uuid4(),
    )
    settle(packs)
    assert left(packs) == 0
    with system_connection():
        row.refresh_from_db()
    assert row.returned_minor == 2000


@pytest.mark.parametrize(("evidence", "remains"), [("losing", 0), ("winning", 500)])
def test_a_dispute_that_is_lost(packs: Shop, evidence: str, remains: int) -> None:
    page = begin(packs)
    pay(page.url, number="4000000000000259")
    settle(packs)
    assert left(packs) == 500 * CREDIT
    with gateway.stripe_client() as client:
        [dispute] = client.v1.disputes.list().data
        client.v1.disputes.update(
            dispute.id,
            {"evidence": {"uncategorized_text": f"{evidence}_evidence"}, "submit": True},
        )
    settle(packs)
    packs.pass_days(8)
    drain_once()
    assert left(packs) == remains * CREDIT


def test_who_may_buy_what(packs: Shop, bob: Any) -> None:
    with tenant_context(packs.tenant):
        member = actor_for(bob)
        with pytest.raises(PermissionDenied):
            packs_checkout_begin(
                actor=member,
                tenant=packs.tenant,
                pack="credits_500",
                currency="EUR",
                quantity=1,
                email="",
            )
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"pack": "nothing"}, NotFound),
        ({"currency": "JPY"}, NotFound),
        ({"quantity": 0}, InvalidInput),
        ({"quantity": 101}, InvalidInput),
    ]
    for wished, error in wrong:
        with pytest.raises(error):
            begin(packs, **wished)
    with system_connection():
        assert not CreditPurchase.objects.exists()


def test_one_currency(packs: Shop) -> None:
    begin(packs)
    with system_connection():
        BillingCustomer.objects.update(currency="eur")
    with pytest.raises(Conflict) as caught:
        begin(packs, currency="USD")
    assert caught.value.code == "other_currency"


def test_other_terms_hold_for_who_buys_from_then_on(packs: Shop, monkeypatch: Any) -> None:
    from dataclasses import replace

    from apps.billing import catalogue

    before = begin(packs)
    first = replace(catalogue.PACKS[0], credits_microcredits=400 * CREDIT, prices={"EUR": 1900})
    monkeypatch.setattr(catalogue, "PACKS", (first, *catalogue.PACKS[1:]))
    load_packs()
    assert catalogue_sync(actor=SYSTEM, dry_run=True) == []
    pay(before.url)
    settle(packs)
    buy(packs)
    amounts = [one.amount_microcredits for one in grants(packs)]
    assert amounts == [500 * CREDIT, 400 * CREDIT]
    with tenant_context(packs.tenant):
        assert balance() == 900 * CREDIT
        assert_sound()
