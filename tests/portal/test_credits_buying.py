"""Buying credits on pages: packs, and the auto top-up with what it may cost."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.billing import catalogue
from apps.billing.models import AutoTopUp, CreditPurchase, PackPrice
from apps.billing.services import catalogue_load
from apps.billing.services.checkout import Page
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.credits.enums import WALLET_ID
from apps.credits.models import Account
from apps.credits.services import buying
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM
from tests.portal.conftest import SignIn

pytestmark = pytest.mark.django_db
CREDIT = 1_000_000
WISH = {
    "is_on": "on",
    "below": "100",
    "pack": "credits_500",
    "quantity": "2",
    "currency": "EUR",
    "cap": "100",
}


@pytest.fixture(autouse=True)
def packs(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    with system_connection():
        catalogue_load(actor=SYSTEM, plans=(), add_ons=(), packs=catalogue.PACKS)
        for one in PackPrice.objects.all():
            PackPrice.objects.filter(id=one.id).update(stripe_price_id=f"price_{one.id}")
    monkeypatch.setattr(buying, "card_require", lambda _tenant_id: None)


def text(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def purchase(tenant: Tenant, **fields: Any) -> CreditPurchase:
    with system_connection():
        price = PackPrice.objects.get(pack__code="credits_500", currency="EUR")
        terms = {
            "quantity": 1,
            "credits_microcredits": 500 * CREDIT,
            "amount_minor": 2000,
            "currency": "EUR",
        }
        return CreditPurchase.objects.create(tenant=tenant, price=price, **{**terms, **fields})


def test_packs_with_what_a_credit_costs(
    sign_in: SignIn, alice: Person, acme: Tenant, globex: Tenant
) -> None:
    purchase(acme, state="paid", paid_minor=2380, paid_at=timezone.now(), returned={"ch": 380})
    purchase(globex, failure_reason="Somebody else's.")
    client = sign_in(alice, acme)
    html = text(client.get("/credits/buy/"))
    for part in ("500 credits", "€20", "€0.04 a credit", "€0.036 a credit", "€0.032 a credit"):
        assert part in html
    assert "€23.80" in html
    assert "€3.80 paid back" in html
    assert "Somebody else" not in html
    html = text(client.get("/credits/buy/?currency=USD"))
    assert "$22" in html
    assert "$0.044 a credit" in html
    assert "Thank you" in text(client.get("/credits/buy/?bought=yes"))


def test_to_stripe(
    sign_in: SignIn, alice: Person, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def begin(**wished: Any) -> Page:
        asked.append(wished)
        return Page("cs_1", "http://localhost:8000/sandbox/stripe/checkout/cs_1/")

    monkeypatch.setattr(buying, "pack_checkout_begin", begin)
    client = sign_in(alice, acme)
    wished = {"pack": "credits_500", "currency": "EUR", "quantity": "2"}
    client.post("/credits/buy/", wished)
    assert [(one["quantity"], one["price"].currency) for one in asked] == [(2, "EUR")]
    response = client.post("/credits/buy/", {**wished, "pack": "nothing"})
    assert response.status_code == 404
    assert len(asked) == 1


def test_what_it_may_cost_is_confirmed(sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    client = sign_in(alice, acme)
    assert "Off" in text(client.get("/credits/auto-top-up/"))
    html = text(client.post("/credits/auto-top-up/", WISH))
    assert "This may cost up to €100.00 a month" in html
    assert "below 100 credits, 2 × 500 credits is bought for" in html
    assert "€40.00" in html
    assert "at most 2 times a month" in html
    with system_connection():
        assert not AutoTopUp.objects.exists()
    response = client.post("/credits/auto-top-up/", {**WISH, "confirmed": "yes"})
    assert response["Location"] == "/credits/auto-top-up/"
    html = text(client.get("/credits/auto-top-up/"))
    assert "€0.00 of at most €100.00" in html
    with system_connection():
        row = AutoTopUp.objects.get()
    assert (row.is_on, row.quantity, row.monthly_cap_minor) == (True, 2, 10_000)
    client.post("/credits/auto-top-up/", {**WISH, "is_on": "", "below": "7.5"})
    with tenant_context(acme):
        assert Account.objects.get(id=WALLET_ID).alert_below_microcredits == 7_500_000
    with system_connection():
        assert not AutoTopUp.objects.get().is_on


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"cap": "39.99"}, "At least €40.00"),
        ({"cap": ""}, "Say how much it may cost a month."),
        ({"cap": "much"}, "is no amount"),
        ({"below": ""}, "Say below what it is bought."),
        ({"below": "1001"}, "at least as much"),
        ({"quantity": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said_beside_it(
    sign_in: SignIn, alice: Person, acme: Tenant, changed: dict[str, str], words: str
) -> None:
    sent = {**WISH, **changed, "confirmed": "yes"}
    html = text(sign_in(alice, acme).post("/credits/auto-top-up/", sent))
    assert words in html
    with system_connection():
        assert not AutoTopUp.objects.exists()


def test_why_it_is_paused_and_how_it_goes_on(sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    client = sign_in(alice, acme)
    client.post("/credits/auto-top-up/", {**WISH, "confirmed": "yes"})
    with system_connection():
        AutoTopUp.objects.update(
            paused_at=timezone.now(), pause_code="card_declined", pause_reason="Card declined."
        )
    purchase(
        acme,
        is_automatic=True,
        low_at=timezone.now() - timedelta(days=1),
        state="failed",
        failure_reason="Card declined.",
    )
    html = text(client.get("/credits/auto-top-up/"))
    assert "It is paused, because a payment failed" in html
    assert html.count("Card declined.") == 2
    response = client.post("/credits/auto-top-up/resume/")
    assert response["Location"] == "/credits/auto-top-up/"
    with system_connection():
        assert AutoTopUp.objects.get().paused_at is None
    assert "not paused" in text(client.post("/credits/auto-top-up/resume/", follow=True))


def test_who_may(sign_in: SignIn, bob: Person, charlie: Person, acme: Tenant) -> None:
    for person, status in ((bob, 403), (charlie, 404)):
        client = sign_in(person, acme)
        for path in ("/credits/buy/", "/credits/auto-top-up/"):
            assert client.get(path).status_code == status
            assert client.post(path, WISH).status_code == status
        assert client.post("/credits/auto-top-up/resume/").status_code == status
    with system_connection():
        assert not AutoTopUp.objects.exists()
