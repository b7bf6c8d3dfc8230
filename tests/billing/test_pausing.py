"""A tenant rests from paying, and goes on: by itself, or earlier."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.billing import gateway
from apps.billing.enums import Standing as G
from apps.billing.services import (
    plan_change,
    subscription_cancel,
    subscription_pause,
    subscription_resume,
)
from apps.billing.services.pausing import BEFORE, pause_ends_at, resume_preview
from apps.common.errors import Conflict, InvalidInput, PermissionDenied
from apps.common.money import Money
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from tests.api.client import api
from tests.billing.test_acts import only
from tests.billing.test_buying import Shop, shop
from tests.billing.test_staff import told
from tests.portal.conftest import SignIn, sign_in

__all__ = ["api", "shop", "sign_in"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def paying(shop: Shop) -> Shop:
    shop.buy("starter")
    shop.pass_days(15)
    return shop


def pause(shop: Shop, months: int) -> None:
    with tenant_context(shop.tenant):
        row = subscription_pause(actor=shop.owner, tenant=shop.tenant, months=months)
    assert row is not None
    assert row.is_own_pause


def resume(shop: Shop) -> None:
    with tenant_context(shop.tenant):
        subscription_resume(actor=shop.owner, tenant=shop.tenant)


def due(shop: Shop) -> Money | None:
    with tenant_context(shop.tenant):
        return resume_preview(actor=shop.owner, tenant=shop.tenant)


def invoices(shop: Shop) -> list[tuple[str, int]]:
    """The newest first, without what costs nothing."""
    with gateway.stripe_client() as client:
        found = client.v1.invoices.list({"customer": shop.customer_id, "limit": 100}).data
    return [(str(one.status), one.total) for one in found if one.total]


def test_it_goes_on_by_itself_and_is_paid_for(paying: Shop) -> None:
    paid_until = paying.row.period_ends_at
    pause(paying, 1)
    assert (paying.row.standing, paying.plan) == (G.PAUSED, "free")
    assert paying.row.resumes_at == pause_ends_at(paying.row, 1)
    only("subscription_paused", months=1)
    paying.pass_days(32)
    row = paying.row
    assert (row.standing, row.has_skipped_payment, row.period_starts_at) == (
        G.PAUSED,
        True,
        paid_until,
    )
    assert invoices(paying) == [("void", 1800), ("paid", 1800)]
    assert row.resumes_at is not None
    assert row.period_ends_at is not None
    assert row.resumes_at == row.period_ends_at - BEFORE
    paying.pass_days(31)
    row = paying.row
    assert (row.standing, row.is_paused, row.resumes_at, row.pause_paid_until) == (
        G.ACTIVE,
        False,
        None,
        None,
    )
    assert (paying.plan, invoices(paying)[0]) == ("starter", ("paid", 1800))
    assert told("subscription_resumed") == []


def test_ended_while_it_is_paid_for(paying: Shop) -> None:
    before = paying.row
    pause(paying, 3)
    assert due(paying) is None
    resume(paying)
    row = paying.row
    assert (row.standing, paying.plan, row.period_ends_at) == (
        G.ACTIVE,
        "starter",
        before.period_ends_at,
    )
    assert len(invoices(paying)) == 1
    only("subscription_resumed", is_charged=False)
    with tenant_context(paying.tenant), pytest.raises(Conflict) as caught:
        subscription_resume(actor=paying.owner, tenant=paying.tenant)
    assert caught.value.code == "not_paused"


def test_ended_after_a_payment_was_left_out(paying: Shop) -> None:
    pause(paying, 3)
    paying.pass_days(40)
    ended = paying.row.period_ends_at
    assert due(paying) == Money(1800, "EUR")
    resume(paying)
    row = paying.row
    assert (row.standing, paying.plan) == (G.ACTIVE, "starter")
    assert row.period_ends_at is not None
    assert ended is not None
    assert row.period_ends_at > ended
    assert invoices(paying) == [("paid", 1800), ("void", 1800), ("paid", 1800)]
    only("subscription_resumed", is_charged=True)


def test_what_cannot_be_paused(shop: Shop, bob: Person) -> None:
    def refused(code: str, act: Callable[[], object]) -> None:
        with tenant_context(shop.tenant), pytest.raises(Conflict) as caught:
            act()
        assert caught.value.code == code

    def asked(months: int = 1) -> object:
        return subscription_pause(actor=shop.owner, tenant=shop.tenant, months=months)

    refused("not_subscribed", asked)
    shop.buy("business")
    refused("cannot_pause", asked)  # a trial
    shop.pass_days(15)
    with tenant_context(shop.tenant):
        with pytest.raises(InvalidInput):
            asked(4)
        with pytest.raises(PermissionDenied):
            subscription_pause(actor=actor_for(bob), tenant=shop.tenant, months=1)
        subscription_cancel(actor=shop.owner, tenant=shop.tenant)
    refused("cannot_pause", asked)
    assert shop.row.standing == G.ACTIVE
    with gateway.stripe_client() as client:
        change: Any = {
            "cancel_at_period_end": False,
            "pause_collection": {"behavior": "void"},
        }
        client.v1.subscriptions.update(shop.row.stripe_id, change)
    shop.settle()
    assert (shop.row.standing, shop.row.is_own_pause) == (G.PAUSED, False)
    refused("cannot_pause", asked)
    refused("not_paused", lambda: subscription_resume(actor=shop.owner, tenant=shop.tenant))
    starter = shop.price("starter")
    refused(
        "paused",
        lambda: plan_change(actor=shop.owner, tenant=shop.tenant, price_id=starter.id, key="1"),
    )
    assert told("subscription_paused") == []


def test_the_api(paying: Shop, api: Callable[..., Any]) -> None:
    client = api(paying.alice, paying.tenant)
    for wrong in ({"pause_months": 4}, {"pause_months": 1, "cancel_at_period_end": True}):
        assert client.patch("billing/subscription/", wrong).status_code == 400
    found = client.patch("billing/subscription/", {"pause_months": 2}).json()
    assert (found["standing"], found["is_own_pause"]) == ("paused", True)
    assert found["resumes_at"] is not None
    again = client.patch("billing/subscription/", {"pause_months": 2})
    assert (again.status_code, again.json()["code"]) == (409, "cannot_pause")
    found = client.patch("billing/subscription/", {"pause_months": 0}).json()
    assert (found["standing"], found["is_own_pause"], found["resumes_at"]) == (
        "active",
        False,
        None,
    )


def test_the_pages(paying: Shop, sign_in: SignIn) -> None:
    browser: Client = sign_in(paying.alice, paying.tenant)
    assert 'href="/plan/pause/"' in browser.get("/plan/").content.decode()
    html = browser.get("/plan/pause/").content.decode()
    assert "What is paid for until" in html
    assert html.count('name="months"') == 3
    assert browser.post("/plan/pause/", {"months": "2"}).status_code == 302
    html = browser.get("/plan/").content.decode()
    assert "You paused it" in html
    assert 'href="/plan/pause/"' not in html
    assert browser.get("/plan/pause/").status_code == 302
    assert "Nothing: it is paid for until" in browser.get("/plan/resume/").content.decode()
    paying.pass_days(40)
    assert "Go on and pay" in browser.get("/plan/resume/").content.decode()
    assert browser.post("/plan/resume/").status_code == 302
    assert paying.row.standing == G.ACTIVE
    assert browser.get("/plan/resume/").status_code == 302
