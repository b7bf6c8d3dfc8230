"""Packs that are bought by themselves: once for each crossing, up to the cap, paused by a failure."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from apps.billing import gateway
from apps.billing.customers import billing_customer_ensure
from apps.billing.errors import StripeUnavailable
from apps.billing.models import AutoTopUp, CreditPack, CreditPurchase, PackPrice
from apps.billing.services import purchase_check, top_ups
from apps.common.database import system_connection
from apps.common.errors import Conflict, InvalidInput, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.credits.models import Account, Grant
from apps.credits.services.buying import auto_top_up_resume, auto_top_up_run, auto_top_up_set
from apps.events.drain import drain_once
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from tests.billing.conftest import queued, sold, stripe_at
from tests.billing.test_buying import Shop, shop
from tests.conftest import SYSTEM
from tests.credits.support import assert_sound, balance, debit, grant
from tests.credits.test_buying import CREDIT, load_packs

__all__ = ["queued", "shop", "sold", "stripe_at"]

pytestmark = pytest.mark.django_db(transaction=True)


class Ours(Shop):
    """The shop's tenant has 150 credits, and 500 are to be bought below 100, for €60 a month at most."""

    def set(self, **changed: Any) -> None:
        with tenant_context(self.tenant):
            auto_top_up_set(
                **{
                    "actor": self.owner,
                    "tenant": self.tenant,
                    "is_on": True,
                    "alert_below_microcredits": 100 * CREDIT,
                    "pack": "credits_500",
                    "currency": "EUR",
                    "monthly_cap_minor": 6000,
                    **changed,
                }
            )

    def card(self, token: str) -> None:
        with gateway.stripe_client() as client:
            made = client.v1.payment_methods.attach(token, {"customer": self.customer_id})
            client.v1.customers.update(
                self.customer_id, {"invoice_settings": {"default_payment_method": made.id}}
            )

    def spend(self, credits_: int) -> None:
        with tenant_context(self.tenant):
            debit(credits_ * CREDIT)

    def run(self) -> bool:
        with tenant_context(self.tenant):
            is_done = auto_top_up_run(actor=SYSTEM, tenant_id=self.tenant.id)
        drain_once()
        return is_done

    def balance(self) -> int:
        with tenant_context(self.tenant):
            assert_sound()
            return balance() // CREDIT

    def rows(self) -> list[CreditPurchase]:
        with system_connection():
            return list(CreditPurchase.objects.order_by("created_at"))

    def setting(self) -> AutoTopUp:
        with system_connection():
            return AutoTopUp.objects.get()

    def charged(self) -> list[int]:
        with gateway.stripe_client() as client:
            found = client.v1.charges.list({"customer": self.customer_id, "limit": 100}).data
        return [one.amount for one in found if one.paid]

    def told(self, name: str) -> list[dict[str, Any]]:
        with system_connection():
            found = OutboxEvent.objects.filter(name=name).order_by("position")
            return list(found.values_list("payload", flat=True))


@pytest.fixture
def ours(shop: Shop) -> Ours:
    load_packs()
    billing_customer_ensure(actor=SYSTEM, tenant=shop.tenant, email="alice@acme.test")
    one = Ours(shop.tenant, shop.alice, shop.account)
    one.card("pm_card_visa")
    with tenant_context(one.tenant):
        grant(150 * CREDIT)
    one.set()
    return one


def test_once_for_each_crossing_up_to_the_cap(ours: Ours, mailoutbox: list[Any]) -> None:
    assert ours.run()
    assert ours.rows() == []
    for before, after in ((60, 590), (500, 590), (500, 590)):
        ours.spend(before)
        for _again in range(3):
            assert ours.run()
        assert ours.balance() == after
    assert [(one.state, one.paid_minor) for one in ours.rows()] == [("paid", 2000)] * 3
    ours.settle()
    drain_once()
    assert ours.charged() == [2000] * 3
    mailoutbox.clear()
    ours.spend(500)
    for _again in range(3):
        assert ours.run()
    assert (ours.balance(), len(ours.charged())) == (90, 3)
    assert len(ours.told("billing.auto_top_up_capped")) == 1
    drain_once()
    assert [one.subject for one in mailoutbox] == ["The auto top-up of Acme has reached its cap"]
    assert "€60.00" in mailoutbox[0].body
    # The next month begins anew.
    with system_connection():
        CreditPurchase.objects.update(created_at=timezone.now() - timedelta(days=40))
    ours.run()
    assert ours.balance() == 590
    with tenant_context(ours.tenant):
        assert Grant.objects.filter(source="purchase").count() == 4


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("pm_card_chargeCustomerFail", "card_declined"),
        ("pm_card_authenticationRequired", "invoice_payment_intent_requires_action"),
    ],
)
def test_a_payment_that_fails_pauses_it(
    ours: Ours, mailoutbox: list[Any], token: str, code: str
) -> None:
    ours.card(token)
    ours.spend(60)
    for _again in range(3):
        assert ours.run()
    setting = ours.setting()
    assert setting.paused_at is not None
    assert setting.pause_code == code
    assert [one.state for one in ours.rows()] == ["failed"]
    assert (ours.charged(), ours.balance()) == ([], 90)
    assert [one["code"] for one in ours.told("billing.auto_top_up_paused")] == [code]
    # The other one says that the wallet is low, which nothing mends by itself any more.
    [mail] = [one for one in mailoutbox if "could not be bought" in one.subject]
    assert (mail.to, mail.subject) == (
        ["alice@acme.test"],
        "Credits of Acme could not be bought",
    )
    assert setting.pause_reason in mail.body
    with gateway.stripe_client() as client:
        [invoice] = client.v1.invoices.list({"customer": ours.customer_id}).data
    assert invoice.status == "void"
    ours.settle()
    ours.card("pm_card_visa")
    with tenant_context(ours.tenant):
        auto_top_up_resume(actor=ours.owner, tenant=ours.tenant)
        with pytest.raises(Conflict, match="not paused"):
            auto_top_up_resume(actor=ours.owner, tenant=ours.tenant)
    drain_once()
    ours.run()
    assert (ours.charged(), ours.balance()) == ([2000], 590)
    assert [one.state for one in ours.rows()] == ["failed", "paid"]


def test_many_at_once_buy_once(ours: Ours) -> None:
    ours.spend(60)
    ready, answers = threading.Barrier(4), []

    def ask() -> None:
        ready.wait(30)
        try:
            with tenant_context(ours.tenant):
                answers.append(auto_top_up_run(actor=SYSTEM, tenant_id=ours.tenant.id))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert True in answers
    assert len(answers) == 4
    ours.run()
    assert (ours.charged(), ours.balance()) == ([2000], 590)


class Killed(BaseException):
    """As kill -9 would: nothing after it is done."""


@pytest.mark.parametrize("at", range(1, 8))
def test_whoever_dies_wherever_it_is_charged_once(
    ours: Ours, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """After each of the requests that change something, and before its answer is noted."""
    ours.spend(60)
    real = gateway.stripe_client
    left = [at]

    def counted(method: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            answer = method(*args, **options)
            left[0] -= 1
            if not left[0]:
                raise Killed
            return answer

        return call

    class Fragile:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            found = getattr(self.inner, name)
            return counted(found) if callable(found) else Fragile(found)

    import contextlib

    @contextlib.contextmanager
    def fragile() -> Iterator[Any]:
        with real() as client:
            yield Fragile(client)

    monkeypatch.setattr(top_ups.gateway, "stripe_client", fragile)
    with pytest.raises(Killed), tenant_context(ours.tenant):
        auto_top_up_run(actor=SYSTEM, tenant_id=ours.tenant.id)
    monkeypatch.setattr(top_ups.gateway, "stripe_client", real)
    [row] = ours.rows()
    assert row.state == "open"
    for _again in range(2):
        assert purchase_check(actor=SYSTEM, purchase_id=row.id)
        drain_once()
    ours.settle()
    drain_once()
    assert (ours.charged(), ours.balance()) == ([2000], 590)
    assert [one.state for one in ours.rows()] == ["paid"]


def test_stripe_is_away_and_comes_back(ours: Ours, settings: Any) -> None:
    ours.spend(60)
    address, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"
    with pytest.raises(StripeUnavailable), tenant_context(ours.tenant):
        auto_top_up_run(actor=SYSTEM, tenant_id=ours.tenant.id)
    settings.STRIPE_API_BASE = address
    assert ours.setting().paused_at is None
    [row] = ours.rows()
    assert (row.state, row.check_at is not None) == ("open", True)
    purchase_check(actor=SYSTEM, purchase_id=row.id)
    drain_once()
    assert (ours.charged(), ours.balance()) == ([2000], 590)


def test_a_pack_that_has_become_too_small_pauses_it(ours: Ours) -> None:
    with system_connection():
        CreditPack.objects.update(credits_microcredits=99 * CREDIT)
    ours.spend(60)
    assert ours.run()
    assert ours.setting().pause_code == "pack_too_small"
    with system_connection():
        CreditPack.objects.update(credits_microcredits=500 * CREDIT)
        PackPrice.objects.update(retired_at=timezone.now())
        AutoTopUp.objects.update(paused_at=None)
    assert ours.run()
    assert ours.setting().pause_code == "not_for_sale"
    assert (ours.rows(), ours.charged()) == ([], [])


def test_what_makes_no_sense_and_who_may_not(ours: Ours, bob: Any) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"monthly_cap_minor": 1999}, "monthly_cap_minor"),
        ({"alert_below_microcredits": 501 * CREDIT}, "alert_below_microcredits"),
        ({"alert_below_microcredits": None}, "alert_below_microcredits"),
        ({"quantity": 0}, "quantity"),
        ({"pack": ""}, "pack"),
    ]
    for changed, attr in wrong:
        with pytest.raises(InvalidInput) as caught:
            ours.set(**changed)
        assert [one.attr for one in caught.value.errors] == [attr]
    with tenant_context(ours.tenant):
        member = actor_for(bob)
    with pytest.raises(PermissionDenied):
        ours.set(actor=member)
    with tenant_context(ours.tenant), pytest.raises(PermissionDenied):
        auto_top_up_resume(actor=member, tenant=ours.tenant)
    ours.set(is_on=False, pack="", alert_below_microcredits=None)
    assert not ours.setting().is_on
    ours.spend(60)
    assert ours.run()
    assert ours.rows() == []
    with tenant_context(ours.tenant):
        assert Account.objects.get(kind="wallet").low_at is None


def test_without_a_card(shop: Shop) -> None:
    load_packs()
    one = Ours(shop.tenant, shop.alice, shop.account)
    with pytest.raises(Conflict) as caught:
        one.set()
    assert caught.value.code == "no_payment_method"
    with system_connection():
        assert not AutoTopUp.objects.exists()
