"""From the catalogue to a paid plan and back, with the sandbox's Stripe: its pages, its events, its clock."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.db import connections
from django.utils import timezone

from apps.accounts.models import Person
from apps.billing import catalogue, gateway
from apps.billing.customers import billing_customer_ensure
from apps.billing.endpoints import stripe_endpoint_set
from apps.billing.enums import Standing as G
from apps.billing.inbox.lanes import lane_lock
from apps.billing.models import BillingCustomer, Price, Subscription, TenantPlan
from apps.billing.selectors import price_of
from apps.billing.services import (
    catalogue_load,
    catalogue_sync,
    change_preview,
    checkout_begin,
    plan_change,
    portal_begin,
    subscription_cancel,
    subscription_keep,
)
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import Conflict, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.sandbox.stripe import accounts, clock
from apps.sandbox.stripe.models import StripeAccount, StripeObject
from apps.tenants.models import Tenant
from tests import snapshots
from tests.api.client import api
from tests.billing.test_sandbox import deliver_all, work
from tests.conftest import SYSTEM

__all__ = ["api"]

pytestmark = pytest.mark.django_db(transaction=True)
CARD = {
    "number": "4242424242424242",
    "expiry": "12 / 34",
    "cvc": "123",
    "name": "Alice Archer",
    "country": "DE",
    "postal_code": "10115",
}


def pay(url: str, **card: Any) -> requests.Response:
    """Fill in the page, as a browser does."""
    with requests.Session() as browser:
        form = browser.get(url, timeout=30).text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert token is not None
        data = {**CARD, **card, "csrfmiddlewaretoken": token[1]}
        return browser.post(url, data=data, timeout=30, allow_redirects=False)


@dataclass
class Shop:
    """acme, its owner, and Stripe."""

    tenant: Tenant
    alice: Person
    account: StripeAccount

    @property
    def owner(self) -> Actor:
        with tenant_context(self.tenant):
            return actor_for(self.alice)

    def price(self, code: str, interval: str = "month", currency: str = "EUR") -> Price:
        with system_connection():
            return price_of(code, interval, currency)

    def buy(self, code: str, **card: Any) -> None:
        """On Stripe's page, with a card."""
        with tenant_context(self.tenant):
            page = checkout_begin(
                actor=self.owner,
                tenant=self.tenant,
                price_id=self.price(code).id,
                email="alice@acme.test",
            )
        answer = pay(page.url, **card)
        assert answer.status_code == 302, answer.text
        assert answer.headers["Location"] == self.tenant.url("/plan/?bought=yes")
        self.settle()

    def settle(self) -> None:
        """What Stripe tells of takes effect."""
        deliver_all()
        work()

    def pass_days(self, days: int) -> None:
        with system_connection():
            account = StripeAccount.objects.get(id=self.account.id)
        clock.advance(account.id, account.now + days * 86400, freeze=False)
        self.settle()

    @property
    def row(self) -> Subscription:
        with system_connection():
            return Subscription.objects.select_related("price", "next_price").get(
                tenant=self.tenant
            )

    @property
    def customer_id(self) -> str:
        with system_connection():
            return BillingCustomer.objects.get(tenant=self.tenant).stripe_id or ""

    @property
    def plan(self) -> str:
        with system_connection():
            held = TenantPlan.objects.select_related("plan_version__plan").get(tenant=self.tenant)
        return held.plan_version.plan.code


@pytest.fixture
def shop(
    settings: Any, stripe_at: str, queued: list[str], acme: Tenant, alice: Person
) -> Iterator[Shop]:
    """What the catalogue has is sold at Stripe."""
    settings.STRIPE_API_BASE = f"{stripe_at}/sandbox/stripe"
    settings.SANDBOX_URL = stripe_at

    def set_up() -> None:
        catalogue_load(actor=SYSTEM, plans=catalogue.PLANS, add_ons=catalogue.ADD_ONS)
        settings.STRIPE_SECRET_KEY = accounts.account_create("Tests").secret_key
        made = stripe_endpoint_set(actor=SYSTEM, url=f"{stripe_at}/hooks/stripe/")
        settings.STRIPE_WEBHOOK_SECRETS = [made.secret]
        catalogue_sync(actor=SYSTEM, dry_run=False)
        deliver_all()
        work()

    snapshots.once("shop", set_up)
    account = StripeAccount.objects.get(name="Tests")
    endpoint = StripeObject.objects.get(account=account, kind="webhook_endpoint")
    settings.STRIPE_SECRET_KEY = account.secret_key
    settings.STRIPE_WEBHOOK_SECRETS = [endpoint.data["secret"]]
    yield Shop(acme, alice, account)
    gateway._client.cache_clear()


def test_stripe_sells_what_the_catalogue_sells(shop: Shop) -> None:
    assert catalogue_sync(actor=SYSTEM, dry_run=True) == []
    with gateway.stripe_client() as client:
        products = {one.name for one in client.v1.products.list({"limit": 100}).data}
        prices = client.v1.prices.list({"limit": 100}).data
    assert {"Starter", "Business", "Ten more seats"} <= products
    assert "Free" not in products
    business = shop.price("business", "year", "USD")
    [found] = [one for one in prices if one.id == business.stripe_price_id]
    assert (found.unit_amount, found.currency) == (21_000, "usd")
    assert found.recurring is not None
    assert found.recurring.interval == "year"


def test_a_trial_is_bought_and_becomes_a_subscription(shop: Shop) -> None:
    shop.buy("starter")
    row = shop.row
    assert (row.standing, row.quantity, shop.plan) == (G.TRIAL, 2, "starter")
    assert row.trial_ends_at is not None
    assert abs(row.trial_ends_at - timezone.now() - timedelta(days=14)) < timedelta(hours=1)
    shop.pass_days(15)
    assert (shop.row.standing, shop.plan) == (G.ACTIVE, "starter")


def test_an_upgrade_is_charged_now_and_a_downgrade_waits(shop: Shop) -> None:
    shop.buy("starter")
    shop.pass_days(15)
    business = shop.price("business")
    with tenant_context(shop.tenant):
        preview = change_preview(actor=shop.owner, tenant=shop.tenant, price_id=business.id)
        assert preview.at is None
        assert 0 < preview.now_due.amount_minor < preview.next_total.amount_minor == 3800
        row = plan_change(actor=shop.owner, tenant=shop.tenant, price_id=business.id, key="1")
    assert row is not None
    assert (row.price, shop.plan) == (business, "business")
    shop.settle()
    assert (shop.row.standing, shop.plan) == (G.ACTIVE, "business")
    starter = shop.price("starter")
    with tenant_context(shop.tenant):
        preview = change_preview(actor=shop.owner, tenant=shop.tenant, price_id=starter.id)
        assert preview.at == shop.row.period_ends_at
        assert preview.now_due.amount_minor == 0
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=starter.id, key="2")
    # As if it had died before it could note it: the schedule's events tell.
    waits_for = shop.row.next_price_at
    Subscription.objects.update(next_price=None, next_price_at=None)
    shop.settle()
    assert (shop.plan, shop.row.next_price) == ("business", starter)
    assert shop.row.next_price_at == waits_for == shop.row.period_ends_at
    shop.pass_days(32)
    assert (shop.plan, shop.row.next_price) == ("starter", None)


def test_cancelled_and_kept_and_cancelled_again(shop: Shop) -> None:
    shop.buy("business")
    shop.pass_days(15)
    for _again in range(2):
        with tenant_context(shop.tenant):
            cancelled = subscription_cancel(actor=shop.owner, tenant=shop.tenant)
        assert cancelled is not None
        assert cancelled.ends_at == cancelled.period_ends_at
        with tenant_context(shop.tenant):
            kept = subscription_keep(actor=shop.owner, tenant=shop.tenant)
        assert kept is not None
        assert kept.ends_at is None
    with tenant_context(shop.tenant):
        subscription_cancel(actor=shop.owner, tenant=shop.tenant)
    shop.settle()
    assert shop.plan == "business"
    shop.pass_days(32)
    assert (shop.row.standing, shop.plan) == (G.ENDED, "free")
    # And may come back, without a second trial.
    shop.buy("starter")
    assert (shop.row.standing, shop.plan) == (G.ACTIVE, "starter")


def test_a_card_that_fails_later(shop: Shop) -> None:
    shop.buy("starter", number="4000000000000341")
    assert shop.row.standing == G.TRIAL
    shop.pass_days(15)
    assert (shop.row.standing, shop.plan) == (G.GRACE, "starter")
    assert shop.row.unpaid_since is not None


def test_one_page_is_open_at_a_time(shop: Shop) -> None:
    pages = []
    for code in ("starter", "business"):
        with tenant_context(shop.tenant):
            pages.append(
                checkout_begin(
                    actor=shop.owner,
                    tenant=shop.tenant,
                    price_id=shop.price(code).id,
                    email="alice@acme.test",
                )
            )
    with gateway.stripe_client() as client:
        states = [client.v1.checkout.sessions.retrieve(page.id).status for page in pages]
    assert states == ["expired", "open"]
    with system_connection():
        assert BillingCustomer.objects.filter(tenant=shop.tenant).count() == 1


def test_who_has_a_subscription_changes_it(shop: Shop) -> None:
    with tenant_context(shop.tenant), pytest.raises(Conflict) as caught:
        plan_change(
            actor=shop.owner, tenant=shop.tenant, price_id=shop.price("starter").id, key="1"
        )
    assert caught.value.code == "not_subscribed"
    shop.buy("starter")
    for code, error in (("starter", "subscribed"), ("business", "subscribed")):
        with tenant_context(shop.tenant), pytest.raises(Conflict) as caught:
            checkout_begin(
                actor=shop.owner, tenant=shop.tenant, price_id=shop.price(code).id, email=""
            )
        assert caught.value.code == error
    with tenant_context(shop.tenant), pytest.raises(Conflict) as caught:
        change_preview(actor=shop.owner, tenant=shop.tenant, price_id=shop.price("starter").id)
    assert caught.value.code == "same_plan"


def test_what_is_not_sold_is_not_bought(shop: Shop, bob: Person) -> None:
    with tenant_context(shop.tenant), pytest.raises(NotFound):
        checkout_begin(
            actor=shop.owner, tenant=shop.tenant, price_id=shop.price("free").id, email=""
        )
    with tenant_context(shop.tenant):
        member = actor_for(bob)
        with pytest.raises(PermissionDenied):
            checkout_begin(
                actor=member, tenant=shop.tenant, price_id=shop.price("starter").id, email=""
            )
        with pytest.raises(PermissionDenied):
            portal_begin(actor=member, tenant=shop.tenant)


def test_the_portal_is_for_who_bought(shop: Shop) -> None:
    with tenant_context(shop.tenant), pytest.raises(Conflict) as caught:
        portal_begin(actor=shop.owner, tenant=shop.tenant)
    assert caught.value.code == "no_customer"
    billing_customer_ensure(actor=SYSTEM, tenant=shop.tenant)
    with tenant_context(shop.tenant):
        page = portal_begin(actor=shop.owner, tenant=shop.tenant)
    assert requests.get(page.url, timeout=30).status_code == 200


def test_the_api_from_nothing_to_an_invoice(
    shop: Shop, api: Callable[..., Any], globex: Tenant, charlie: Person
) -> None:
    client = api(shop.alice, shop.tenant)
    assert client.get("billing/subscription/").json()["standing"] == "none"
    answer = client.post(
        "billing/checkout-sessions/", {"plan": "starter", "interval": "month", "currency": "EUR"}
    )
    assert answer.status_code == 201
    assert pay(answer.json()["url"]).status_code == 302
    shop.settle()
    shop.pass_days(15)
    found = client.get("billing/subscription/").json()
    assert (found["standing"], found["price"]["plan"], found["quantity"]) == (
        "active",
        "starter",
        2,
    )
    asked = client.post("billing/subscription/preview/", {"plan": "business", "interval": "month"})
    assert asked.json()["now_due"]["currency"] == "EUR"
    changed = client.patch("billing/subscription/", {"plan": "business", "interval": "month"})
    assert changed.json()["price"]["plan"] == "business"
    assert client.patch("billing/subscription/", {}).status_code == 400
    cancelled = client.patch("billing/subscription/", {"cancel_at_period_end": True}).json()
    assert cancelled["ends_at"] == cancelled["period_ends_at"]
    assert client.patch("billing/subscription/", {"cancel_at_period_end": False}).status_code == 200
    assert client.post("billing/portal-sessions/").status_code == 201
    shop.settle()
    invoices = client.get("billing/invoices/").json()["results"]
    assert [one["total"]["amount_minor"] for one in invoices][-1] == 0  # of the trial
    assert {one["status"] for one in invoices} == {"paid"}
    assert invoices[0]["created"] >= invoices[-1]["created"]
    pdf = requests.get(invoices[0]["pdf_url"], timeout=30)
    assert pdf.content.startswith(b"%PDF")
    other = api(charlie, globex)
    assert other.get("billing/invoices/").json()["results"] == []
    assert other.get("billing/subscription/").json()["standing"] == "none"
    assert urlsplit(invoices[0]["url"]).path.startswith("/sandbox/stripe/")


def test_what_is_to_come_is_noted_while_the_inbox_is_at_it(shop: Shop) -> None:
    """Its lock is another connection's; the click waits for it, and does not do without."""
    shop.buy("business")
    shop.pass_days(15)
    starter = shop.price("starter")
    is_held, is_over = threading.Event(), threading.Event()

    def inbox() -> None:
        with system_connection(), lane_lock(shop.customer_id) as is_mine:
            assert is_mine
            is_held.set()
            is_over.wait(1)
        connections.close_all()

    other = threading.Thread(target=inbox)
    other.start()
    assert is_held.wait(10)
    with tenant_context(shop.tenant):
        row = plan_change(actor=shop.owner, tenant=shop.tenant, price_id=starter.id, key="1")
    other.join(10)
    assert row is not None
    assert row.next_price == starter
    assert shop.row.next_price == starter


def test_a_downgrade_keeps_the_discount_and_the_trial(shop: Shop) -> None:
    shop.buy("business")
    with gateway.stripe_client() as client:
        coupon = client.v1.coupons.create({"percent_off": 20, "duration": "forever"})
        client.v1.subscriptions.update(shop.row.stripe_id, {"discounts": [{"coupon": coupon.id}]})
    trial_ends_at = shop.row.trial_ends_at
    starter = shop.price("starter")
    with tenant_context(shop.tenant):
        plan_change(actor=shop.owner, tenant=shop.tenant, price_id=starter.id, key="1")
    shop.settle()
    assert (shop.row.standing, shop.row.trial_ends_at) == (G.TRIAL, trial_ends_at)
    with gateway.stripe_client() as client:
        [schedule] = client.v1.subscription_schedules.list(
            {"customer": shop.customer_id, "scheduled": False}
        ).data
    assert [bool(phase.discounts) for phase in schedule.phases] == [True, True]
    shop.pass_days(15)
    assert (shop.plan, shop.row.standing) == ("starter", G.ACTIVE)
    with gateway.stripe_client() as client:
        invoice = client.v1.invoices.list({"customer": shop.customer_id, "limit": 1}).data[0]
    assert (invoice.subtotal, invoice.total) == (1800, 1440)
