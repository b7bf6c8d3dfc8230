"""Add-ons beside a plan: bought with it, more and fewer of them later, and what is paid for is had."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from apps.billing import gateway
from apps.billing.enums import Standing as G
from apps.billing.models import AddOn, TenantAddOn
from apps.billing.reconciling import reconcile
from apps.billing.services import (
    add_on_set,
    add_ons_change,
    add_ons_preview,
    change_preview,
    checkout_begin,
    plan_change,
)
from apps.common.database import system_connection
from apps.common.entitlements import limit
from apps.common.errors import Conflict, InvalidInput
from apps.common.money import Money
from apps.common.tenancy import tenant_context
from tests.api.client import api
from tests.billing.test_acts import only
from tests.billing.test_buying import Shop, pay, shop
from tests.billing.test_staff import told
from tests.conftest import SYSTEM
from tests.portal.conftest import SignIn, sign_in

__all__ = ["api", "shop", "sign_in"]

pytestmark = pytest.mark.django_db(transaction=True)
SEATS = "organizations.seats"


def held(shop: Shop) -> dict[str, tuple[int, int]]:
    with system_connection():
        rows = TenantAddOn.objects.filter(tenant=shop.tenant).select_related("add_on")
        return {one.add_on.code: (one.quantity, one.paid_quantity) for one in rows}


def buy(shop: Shop, code: str, interval: str = "month", **add_ons: int) -> None:
    with tenant_context(shop.tenant):
        page = checkout_begin(
            actor=shop.owner,
            tenant=shop.tenant,
            price_id=shop.price(code, interval).id,
            email="alice@acme.test",
            add_ons=add_ons,
        )
    assert pay(page.url).status_code == 302
    shop.settle()


def change(shop: Shop, key: str = "1", **wanted: int) -> None:
    with tenant_context(shop.tenant):
        add_ons_change(actor=shop.owner, tenant=shop.tenant, wanted=wanted, key=key)


def seats(shop: Shop) -> int | None:
    with tenant_context(shop.tenant):
        return limit(shop.tenant, SEATS)


def test_bought_with_the_plan(shop: Shop) -> None:
    buy(shop, "starter", seats_10=2)
    assert (shop.row.quantity, held(shop)) == (2, {"seats_10": (2, 2)})
    assert seats(shop) == 40
    with gateway.stripe_client() as client:
        found = client.v1.subscriptions.retrieve(shop.row.stripe_id)
    assert sorted(one.quantity or 0 for one in found["items"].data) == [2, 2]
    shop.pass_days(15)
    with gateway.stripe_client() as client:
        invoice = client.v1.invoices.list({"customer": shop.customer_id, "limit": 1}).data[0]
    assert invoice.total == 2 * 900 + 2 * 7900


def test_more_and_fewer(shop: Shop) -> None:
    shop.buy("starter")
    shop.pass_days(20)
    with tenant_context(shop.tenant):
        preview = add_ons_preview(
            actor=shop.owner, tenant=shop.tenant, wanted={"single_sign_on": 1, "seats_10": 0}
        )
    [(add_on, before, after)] = preview.changes
    assert (add_on.code, before, after) == ("single_sign_on", 0, 1)
    assert 0 < preview.now_due.amount_minor < 4900
    assert preview.next_total == Money(1800 + 4900, "EUR")
    change(shop, single_sign_on=1, seats_10=0)
    only("subscription_add_ons_changed", quantities="single_sign_on=1")
    assert held(shop) == {"single_sign_on": (1, 1)}
    with gateway.stripe_client() as client:
        paid = client.v1.invoices.list({"customer": shop.customer_id, "limit": 1}).data[0]
    assert (paid.status, paid.total) == ("paid", preview.now_due.amount_minor)
    # Said again, it is so already.
    change(shop, key="2", single_sign_on=1)
    assert len(told("subscription_add_ons_changed")) == 1
    with tenant_context(shop.tenant):
        preview = add_ons_preview(
            actor=shop.owner, tenant=shop.tenant, wanted={"single_sign_on": 0}
        )
    assert -4900 < preview.now_due.amount_minor < 0
    change(shop, key="3", single_sign_on=0)
    shop.settle()
    assert held(shop) == {}
    shop.pass_days(28)
    with gateway.stripe_client() as client:
        last = client.v1.invoices.list({"customer": shop.customer_id, "limit": 1}).data[0]
    assert last.total < 1800


def test_what_staff_gave_is_kept_beside(shop: Shop) -> None:
    with system_connection():
        add_on = AddOn.objects.get(code="seats_10")
    give: dict[str, Any] = {"actor": SYSTEM, "tenant_id": shop.tenant.id, "add_on_id": add_on.id}
    add_on_set(**give, quantity=1)
    buy(shop, "starter", seats_10=2)
    assert held(shop) == {"seats_10": (3, 2)}
    with pytest.raises(InvalidInput):
        add_on_set(**give, quantity=1)
    change(shop, seats_10=1)
    assert held(shop) == {"seats_10": (2, 1)}
    with gateway.stripe_client() as client:
        client.v1.subscriptions.cancel(shop.row.stripe_id)
    shop.settle()
    assert (shop.row.standing, held(shop)) == (G.ENDED, {"seats_10": (1, 0)})


def test_they_rest_and_come_back_with_the_plan(shop: Shop) -> None:
    buy(shop, "starter", seats_10=1)
    for pause, expected in (({"behavior": "void"}, {}), ("", {"seats_10": (1, 1)})):
        with gateway.stripe_client() as client:
            wanted: Any = {"pause_collection": pause}
            client.v1.subscriptions.update(shop.row.stripe_id, wanted)
        shop.settle()
        assert held(shop) == expected


def test_another_interval_takes_them_along(shop: Shop) -> None:
    buy(shop, "starter", seats_10=1)
    shop.pass_days(15)
    yearly = shop.price("starter", "year")
    with tenant_context(shop.tenant):
        preview = change_preview(actor=shop.owner, tenant=shop.tenant, price_id=yearly.id)
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=yearly.id, key="1")
    # For twelve months two are free.
    assert preview.next_total == Money(2 * 9000 + 79_000, "EUR")
    shop.settle()
    shop.pass_days(32)
    assert (shop.row.price, held(shop)) == (yearly, {"seats_10": (1, 1)})
    with gateway.stripe_client() as client:
        found = client.v1.subscriptions.retrieve(shop.row.stripe_id)
    assert {one.price.recurring.interval for one in found["items"].data if one.price.recurring} == {
        "year"
    }


def test_a_difference_is_found_and_mended(shop: Shop) -> None:
    buy(shop, "starter", seats_10=1)
    with system_connection():
        TenantAddOn.objects.all().delete()
    report = reconcile(actor=SYSTEM, tenant=shop.tenant)
    assert report.counts == {"subscription_add_ons": 1}
    assert (report.left, held(shop)) == ([], {"seats_10": (1, 1)})


def test_what_is_refused(shop: Shop) -> None:
    def refused(error: type[Exception], **wanted: int) -> Any:
        with pytest.raises(error) as caught:
            change(shop, **wanted)
        return getattr(caught.value, "code", "")

    assert refused(Conflict, seats_10=1) == "not_subscribed"
    with tenant_context(shop.tenant), pytest.raises(InvalidInput):
        checkout_begin(
            actor=shop.owner,
            tenant=shop.tenant,
            price_id=shop.price("starter").id,
            email="",
            add_ons={"nonsense": 1},
        )
    shop.buy("business")
    shop.pass_days(15)
    refused(InvalidInput, seats_10=101)
    refused(InvalidInput, nonsense=1)
    with tenant_context(shop.tenant):
        plan_change(
            actor=shop.owner, tenant=shop.tenant, price_id=shop.price("starter").id, key="1"
        )
    assert refused(Conflict, seats_10=1) == "change_waits"
    assert held(shop) == {}


def test_the_api(shop: Shop, api: Callable[..., Any]) -> None:
    client = api(shop.alice, shop.tenant)
    order = {
        "plan": "starter",
        "interval": "month",
        "currency": "EUR",
        "add_ons": [{"code": "seats_10", "quantity": 1}],
    }
    assert pay(client.post("billing/checkout-sessions/", order).json()["url"]).status_code == 302
    shop.settle()
    found = client.get("billing/subscription/").json()
    assert found["add_ons"] == [{"code": "seats_10", "quantity": 1}]
    wanted = {"add_ons": [{"code": "seats_10", "quantity": 3}]}
    shop.pass_days(15)
    preview = client.post("billing/subscription/preview/", wanted).json()
    assert preview["next_total"] == {"amount_minor": 1800 + 3 * 7900, "currency": "EUR"}
    assert preview["now_due"]["amount_minor"] > 0
    assert client.patch("billing/subscription/", wanted).json()["add_ons"] == wanted["add_ons"]
    for wrong in (
        {"add_ons": [{"code": "seats_10", "quantity": -1}]},
        wanted | {"pause_months": 1},
    ):
        assert client.patch("billing/subscription/", wrong).status_code == 400


def test_the_pages(shop: Shop, sign_in: SignIn) -> None:
    browser = sign_in(shop.alice, shop.tenant)
    price = shop.price("starter")
    assert f'href="/plan/buy/{price.id}/"' in browser.get("/plan/compare/").content.decode()
    html = browser.get(f"/plan/buy/{price.id}/").content.decode()
    assert 'name="add_on_seats_10"' in html
    answer = browser.post(f"/plan/buy/{price.id}/", {"add_on_seats_10": "1", "add_on_x": ""})
    [url] = re.findall(
        r"http[^\"' ]+/checkout/[^\"' ]+", str(answer.headers) + answer.content.decode()
    )[:1]
    assert pay(url).status_code == 302
    shop.settle()
    shop.pass_days(15)
    assert "1 × Ten more seats" in browser.get("/plan/").content.decode()
    html = browser.get("/plan/add-ons/").content.decode()
    assert "What changes" not in html
    html = browser.get("/plan/add-ons/?add_on_seats_10=2").content.decode()
    assert "2 instead of 1" in html
    assert "Change and pay" in html
    assert browser.get("/plan/add-ons/?add_on_seats_10=x").status_code == 302
    answer = browser.post("/plan/add-ons/", {"add_on_seats_10": "2"})
    assert answer.headers["Location"] == "/plan/"
    assert held(shop) == {"seats_10": (2, 2)}


def test_taxes(shop: Shop, settings: Any, api: Callable[..., Any], sign_in: SignIn) -> None:
    settings.STRIPE_AUTOMATIC_TAX = True
    shop.buy("starter", country="DE", line1="Allee 1", city="Berlin")
    shop.pass_days(15)
    newest = api(shop.alice, shop.tenant).get("billing/invoices/").json()["results"][0]
    assert newest["total"]["amount_minor"] == 2142
    assert newest["tax"] == {"amount_minor": 342, "currency": "EUR"}
    html = sign_in(shop.alice, shop.tenant).get("/plan/invoices/").content.decode()
    assert "with €3.42 tax" in html
