"""Plans in the console: versions, what a tenant has, and exceptions, each with a reason."""

from typing import Any

import pytest
from django.test import Client

from apps.billing import catalogue
from apps.billing.models import AddOn, EntitlementOverride, Plan, TenantAddOn, TenantPlan
from apps.billing.selectors import version_of
from apps.billing.services import catalogue_load, override_set, plan_assign
from apps.common.entitlements import Granted
from apps.tenants.models import Tenant, TenantEvent
from tests.conftest import SYSTEM
from tests.console.conftest import messages_of

PLANS = "/console/billing/plan/"


@pytest.fixture(autouse=True)
def _sold(world: Any) -> None:
    catalogue_load(actor=SYSTEM, plans=catalogue.PLANS, add_ons=catalogue.ADD_ONS)


@pytest.fixture
def starter() -> str:
    return f"{PLANS}{Plan.objects.get(code='starter').pk}/"


@pytest.fixture
def tenant_page(acme: Tenant) -> str:
    return f"/console/tenants/tenant/{acme.pk}/"


TERMS = {
    "prices": "EUR month 9.50 per-seat\nJPY year 15000",
    "entitlements": "organizations.seats 30 soft\naccounts.single_sign_on on\nroles.api_keys unlimited",
    "trial_days": "30",
    "credits": "5",
    "rollover": "2",
}


def test_a_version_is_drafted_published_and_retired(console: Client, starter: str) -> None:
    assert "Starter" in console.get(PLANS).content.decode()
    form = console.get(f"{starter}draft/").content.decode()
    assert "EUR month 9.00 per-seat" in form
    assert "organizations.seats 20" in form
    console.post(f"{starter}draft/", TERMS)
    assert version_of("starter").number == 1
    html = console.get(starter).content.decode()
    assert "Prices of v2, draft" in html
    assert "let through" in html
    assert "is not possible" in messages_of(console.post(f"{starter}draft/", TERMS))[-1]
    console.post(f"{starter}publish/")
    version = version_of("starter")
    assert (version.number, version.trial_days) == (2, 30)
    assert version.credits_per_period_microcredits == 5_000_000
    assert version.credits_rollover_microcredits == 2_000_000
    assert sorted(str(one) for one in version.prices.all()) == [
        "¥15,000 a year",
        "€9.50 a month per seat",
    ]
    given = {one.code: (one.value, one.is_soft) for one in version.planentitlements.all()}
    assert given == {
        "organizations.seats": (30, True),
        "accounts.single_sign_on": (1, False),
        "roles.api_keys": (None, False),
    }
    console.post(f"{starter}retire_version/")
    assert version_of("starter").number == 1
    console.post(f"{starter}draft/", TERMS)
    console.post(f"{starter}discard/")
    console.post(f"{starter}retire/")
    assert Plan.objects.get(code="starter").retired_at is not None
    assert "Retired" in console.get(PLANS).content.decode()


@pytest.mark.parametrize(
    "change",
    [
        {"prices": "EUR month"},
        {"prices": "EUR month 9.505"},
        {"prices": "XXQ month 9"},
        {"prices": "EUR day 9"},
        {"prices": "EUR month 9\nEUR month 8"},
        {"entitlements": "organizations.seats"},
        {"entitlements": "organizations.seats -1"},
        {"entitlements": "organizations.seats many"},
        {"entitlements": "x.y 1"},
        {"entitlements": "organizations.seats 1\norganizations.seats 2"},
        {"trial_days": "366"},
        {"credits": "-1"},
        {"rollover": "6"},
    ],
)
def test_terms_that_cannot_be(console: Client, starter: str, change: dict[str, str]) -> None:
    response = console.post(f"{starter}draft/", {**TERMS, **change})
    assert response.status_code == 200
    assert not Plan.objects.get(code="starter").versions.filter(published_at=None).exists()


def test_the_default_plan_stays(console: Client) -> None:
    free = f"{PLANS}{Plan.objects.get(code='free').pk}/"
    assert "is not possible" in messages_of(console.post(f"{free}retire/"))[-1]
    assert "New tenants begin with" in messages_of(console.post(f"{free}retire_version/"))[-1]
    assert version_of("free").number == 1


def test_assigning(console: Client, tenant_page: str, acme: Tenant) -> None:
    assert "None: every entitlement" in console.get(f"{tenant_page}plan/").content.decode()
    version = str(version_of("business").pk)
    body = {"version": version, "charge": "comp", "reason": ""}
    assert console.post(f"{tenant_page}assign_plan/", body).status_code == 200
    assert not TenantPlan.objects.exists()
    console.post(f"{tenant_page}assign_plan/", {**body, "reason": "A pilot"})
    held = TenantPlan.objects.get(tenant=acme)
    assert (str(held), held.is_comp, held.actor) == ("Business v1", True, "staff@platform.test")
    html = console.get(f"{tenant_page}plan/").content.decode()
    for words in ("Free of charge", "A pilot", "organizations.seats", "100"):
        assert words in html
    note = TenantEvent.objects.filter(tenant=acme, action="plan_assigned").get()
    assert (note.actor, note.reason) == ("staff@platform.test", "Business v1: A pilot")
    listed = console.get("/console/billing/tenantplan/").content.decode()
    assert "acme" in listed
    detail = console.get(f"/console/billing/tenantplan/{held.pk}/").content.decode()
    assert "A pilot" in detail


def test_add_ons(console: Client, tenant_page: str, acme: Tenant) -> None:
    add_on = AddOn.objects.get(code="seats_10")
    body = {"add_on": str(add_on.pk), "quantity": "3", "reason": "Ordered by phone"}
    console.post(f"{tenant_page}set_add_on/", body)
    assert TenantAddOn.objects.get(tenant=acme).quantity == 3
    assert "Ten more seats" in console.get(f"{tenant_page}plan/").content.decode()
    assert "Ten more seats" in console.get("/console/billing/addon/").content.decode()
    assert (
        "organizations.seats"
        in console.get(f"/console/billing/addon/{add_on.pk}/").content.decode()
    )


def test_overrides(console: Client, tenant_page: str, acme: Tenant) -> None:
    body = {
        "code": "organizations.seats",
        "value": "9",
        "above": "allow",
        "days": "30",
        "reason": "x",
    }
    for wrong in ({"value": "nine"}, {"code": "x.y"}, {"reason": ""}, {"days": "0"}):
        assert console.post(f"{tenant_page}set_override/", {**body, **wrong}).status_code == 200
    assert not EntitlementOverride.objects.exists()
    console.post(f"{tenant_page}set_override/", body)
    one = EntitlementOverride.objects.get(tenant=acme)
    assert (one.value, one.is_soft, one.actor) == (9, True, "staff@platform.test")
    assert one.expires_at is not None
    listed = console.get("/console/billing/entitlementoverride/").content.decode()
    assert "In force" in listed
    assert (
        "9 (soft)"
        in console.get(f"/console/billing/entitlementoverride/{one.pk}/").content.decode()
    )
    form = console.get(f"{tenant_page}withdraw_override/?code=organizations.seats").content.decode()
    assert 'value="organizations.seats"' in form
    body = {"code": "organizations.seats", "reason": "Over"}
    console.post(f"{tenant_page}withdraw_override/", body)
    assert not EntitlementOverride.objects.exists()
    assert (
        "is not possible" in messages_of(console.post(f"{tenant_page}withdraw_override/", body))[-1]
    )


def test_nobody_else_may(
    outsider: Client, anonymous: Client, tenant_page: str, acme: Tenant
) -> None:
    version = version_of("free")
    plan_assign(actor=SYSTEM, tenant_id=acme.id, plan_version_id=version.id)
    override_set(
        actor=SYSTEM, tenant_id=acme.id, code="roles.api_keys", granted=Granted(1), reason="x"
    )
    body = {"version": str(version_of("enterprise").pk), "charge": "comp", "reason": "Mine"}
    for client in (outsider, anonymous):
        assert client.post(f"{tenant_page}assign_plan/", body).status_code in (302, 404)
        assert client.get(PLANS).status_code in (302, 404)
    assert TenantPlan.objects.get().plan_version == version
