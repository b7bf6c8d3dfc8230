"""Packs and the auto top-up by API. Every answer is compared with the document."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.billing import catalogue
from apps.billing.models import AutoTopUp, CreditPack, PackPrice
from apps.billing.services import catalogue_load
from apps.billing.services.checkout import Page
from apps.common.database import system_connection
from apps.common.errors import Conflict
from apps.common.tenancy import tenant_context
from apps.credits.enums import WALLET_ID
from apps.credits.models import Account
from apps.credits.services import buying
from apps.tenants.models import Tenant
from tests.accounts.support import force_sign_in
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db
CREDIT = 1_000_000
WISH = {
    "is_on": True,
    "alert_below_microcredits": 100 * CREDIT,
    "pack": "credits_500",
    "currency": "EUR",
    "quantity": 1,
    "monthly_cap_minor": 10_000,
}


@pytest.fixture(autouse=True)
def packs(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """On sale at Stripe, which has a card of everybody's."""
    with system_connection():
        catalogue_load(actor=SYSTEM, plans=(), add_ons=(), packs=catalogue.PACKS)
        for one in PackPrice.objects.all():
            PackPrice.objects.filter(id=one.id).update(stripe_price_id=f"price_{one.id}")
    monkeypatch.setattr(buying, "card_require", lambda _tenant_id: None)


def test_packs(api: Any, alice: Person, charlie: Person, acme: Tenant) -> None:
    with system_connection():
        CreditPack.objects.filter(code="credits_10000").update(is_public=False)
    found = api(alice).get("credits/packs/").json()["results"]
    assert [one["code"] for one in found] == ["credits_500", "credits_2500"]
    assert found[0] == {
        "code": "credits_500",
        "name": "500 credits",
        "description": "For a busy week.",
        "credits_microcredits": 500 * CREDIT,
        "valid_days": 365,
        "priority": 50,
        "prices": [
            {"currency": "EUR", "amount_minor": 2000},
            {"currency": "USD", "amount_minor": 2200},
        ],
    }
    assert api(charlie).get("credits/packs/").status_code == 404
    assert api(None).get("credits/packs/").status_code == 401


def test_a_page_to_buy_on(
    api: Any, alice: Person, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def begin(**wished: Any) -> Page:
        asked.append(wished)
        return Page("cs_1", "https://checkout.stripe.com/c/pay/cs_1")

    monkeypatch.setattr(buying, "pack_checkout_begin", begin)
    client = api(alice)
    answer = client.post(
        "credits/checkout-sessions/", {"pack": "credits_500", "currency": "EUR", "quantity": 3}
    )
    assert (answer.status_code, answer.json()["id"]) == (201, "cs_1")
    assert (asked[0]["quantity"], asked[0]["price"].amount_minor) == (3, 2000)
    assert asked[0]["email"] == "alice@acme.test"
    for body, status in (
        ({"pack": "nothing", "currency": "EUR"}, 404),
        ({"pack": "credits_500", "currency": "JPY"}, 404),
        ({"pack": "credits_500", "currency": "EUR", "quantity": 0}, 400),
        ({"pack": "credits_500", "currency": "EUR", "quantity": 101}, 400),
        ({"pack": "credits_500"}, 400),
    ):
        assert client.post("credits/checkout-sessions/", body).status_code == status
    with system_connection():
        PackPrice.objects.update(stripe_price_id=None)
    answer = client.post("credits/checkout-sessions/", {"pack": "credits_500", "currency": "EUR"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_for_sale")
    assert len(asked) == 1


def test_the_auto_top_up(api: Any, alice: Person, acme: Tenant) -> None:
    client = api(alice)
    assert client.get("credits/auto-top-up/").json() == {
        "is_on": False,
        "alert_below_microcredits": None,
        "pack": None,
        "currency": None,
        "quantity": 1,
        "monthly_cap_minor": None,
        "charged_this_month": None,
        "is_capped": False,
        "paused_at": None,
        "pause_code": "",
        "pause_reason": "",
    }
    answer = client.put("credits/auto-top-up/", WISH)
    assert answer.status_code == 200, answer.json()
    assert {name: answer.json()[name] for name in WISH} == WISH
    assert answer.json()["charged_this_month"] == {"amount_minor": 0, "currency": "EUR"}
    with tenant_context(acme):
        wallet = Account.objects.get(id=WALLET_ID)
    assert (wallet.alert_below_microcredits, wallet.low_at is not None) == (100 * CREDIT, True)
    assert client.post("credits/auto-top-up/resume/").json()["code"] == "not_paused"
    off = {"is_on": False, "alert_below_microcredits": 5 * CREDIT}
    answer = client.put("credits/auto-top-up/", off).json()
    assert (answer["is_on"], answer["alert_below_microcredits"]) == (False, 5 * CREDIT)
    assert answer["pack"] == "credits_500"
    assert client.post("credits/auto-top-up/resume/").status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"monthly_cap_minor": 1999},
        {"monthly_cap_minor": None},
        {"alert_below_microcredits": None},
        {"alert_below_microcredits": 501 * CREDIT},
        {"pack": None},
        {"quantity": 0},
    ],
)
def test_what_makes_no_sense(
    api: Any, alice: Person, acme: Tenant, changed: dict[str, Any]
) -> None:
    answer = api(alice).put("credits/auto-top-up/", {**WISH, **changed})
    assert answer.status_code == 400
    with system_connection():
        assert not AutoTopUp.objects.exists()
    with tenant_context(acme):
        assert Account.objects.get(id=WALLET_ID).alert_below_microcredits is None


def test_who_may_and_how_lately(
    api: Any,
    alice: Person,
    bob: Person,
    charlie: Person,
    acme: Tenant,
    globex: Tenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert api(charlie, globex).put("credits/auto-top-up/", WISH).status_code == 200
    assert api(alice).get("credits/auto-top-up/").json()["pack"] is None
    for person, status in ((bob, 403), (charlie, 404), (None, 401)):
        client = api(person)
        assert client.get("credits/auto-top-up/").status_code == status
        assert client.put("credits/auto-top-up/", WISH).status_code == status
        assert client.post("credits/auto-top-up/resume/").status_code == status
        body = {"pack": "credits_500", "currency": "EUR"}
        assert client.post("credits/checkout-sessions/", body).status_code == status
    late = api(alice)
    force_sign_in(late.client, alice, acme, ago_s=1000)
    for answer in (
        late.put("credits/auto-top-up/", WISH),
        late.post("credits/auto-top-up/resume/"),
        late.post("credits/checkout-sessions/", {"pack": "credits_500", "currency": "EUR"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "reauthentication_required")

    def no_card(_tenant_id: Any) -> None:
        raise Conflict("There is none.", code="no_payment_method")

    monkeypatch.setattr(buying, "card_require", no_card)
    answer = api(alice).put("credits/auto-top-up/", WISH)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_payment_method")
    with system_connection():
        assert [one.tenant_id for one in AutoTopUp.objects.all()] == [globex.id]
