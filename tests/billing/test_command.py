"""`manage.py billing`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.billing.models import EntitlementOverride, Plan, TenantAddOn, TenantPlan
from apps.tenants.models import Tenant

pytestmark = pytest.mark.django_db


def billing(*arguments: str) -> str:
    out = StringIO()
    call_command("billing", *arguments, stdout=out)
    return out.getvalue()


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        billing(*arguments)
    return str(caught.value)


@pytest.fixture
def sold(world: object) -> None:
    billing("plans", "--apply")


def test_plans(world: object) -> None:
    said = billing("plans")
    assert "starter              new: Starter" in said
    assert "Nothing is changed" in said
    assert billing("plans", "--dry-run") == said
    assert Plan.objects.count() == 0
    assert "business             v1   €19.00 a month per seat" in billing("plans", "--apply")
    assert billing("plans").startswith("free                 v1   €0.00 a month")
    assert Plan.objects.count() == 4


def test_assign_and_see(sold: None, acme: Tenant, globex: Tenant) -> None:
    assert "no plan, nothing is limited" in billing("entitlements", "acme")
    assert billing("assign", "acme", "starter", "--comp", "--reason", "Friends") == (
        "acme has Starter v1.\n"
    )
    held = TenantPlan.objects.get()
    assert (held.is_comp, held.reason) == (True, "Friends")
    said = billing("entitlements", "acme")
    assert "acme: Starter v1" in said
    assert "organizations.seats              2 of 20" in said
    assert "accounts.single_sign_on          off" in said
    assert billing("assign", "--missing", "free") == "1 tenants had no plan, and have Free v1.\n"
    assert (
        billing("assign", "acme", "seats_10", "--quantity", "2") == "acme has 2 × Ten more seats.\n"
    )
    assert TenantAddOn.objects.get().quantity == 2
    assert "2 of 40" in billing("entitlements", "acme")
    found = json.loads(billing("entitlements", "acme", "--json"))
    assert found["plan"] == "Starter v1"
    assert found["entitlements"][0] == {
        "code": "organizations.seats",
        "kind": "limit",
        "value": 40,
        "is_soft": False,
        "used": 2,
    }


def test_override(sold: None, acme: Tenant) -> None:
    why = ("--reason", "Pilot")
    billing("override", "acme", "organizations.seats", "7", "--soft", "--until", "2099-01-31", *why)
    one = EntitlementOverride.objects.get()
    assert (one.value, one.is_soft, one.reason) == (7, True, "Pilot")
    assert str(one.expires_at) == "2099-01-31 23:59:59+00:00"
    assert "2 of 7 (soft)" in billing("entitlements", "acme")
    billing("override", "acme", "organizations.seats", "unlimited", *why)
    assert "2 of unlimited" in billing("entitlements", "acme")
    billing("override", "acme", "organizations.seats", *why)
    assert not EntitlementOverride.objects.exists()


def test_what_is_wrong(sold: None, acme: Tenant) -> None:
    why = ("--reason", "x")
    assert "no tenant nobody" in refused("entitlements", "nobody")
    assert "No plan gold" in refused("assign", "acme", "gold")
    assert "no add-on gold" in refused("assign", "acme", "gold", "--quantity", "1")
    assert "--missing" in refused("assign", "free")
    assert "give --missing" in refused("assign", "--missing", "acme", "free")
    assert "why it is free" in refused("assign", "acme", "free", "--comp")
    assert "no number" in refused("override", "acme", "organizations.seats", "many", *why)
    assert "no day" in refused(
        "override", "acme", "organizations.seats", "3", "--until", "soon", *why
    )
    assert "time to come" in refused(
        "override", "acme", "organizations.seats", "3", "--until", "2020-01-01", *why
    )
    assert "on or off" in refused("override", "acme", "accounts.single_sign_on", "3", *why)
    assert "No app declares" in refused("override", "acme", "x.y", "3", *why)
    assert "no such exception" in refused("override", "acme", "organizations.seats", *why)
    assert not TenantPlan.objects.exists()
    assert not EntitlementOverride.objects.exists()


def tenants(*arguments: str) -> None:
    call_command("tenants", *arguments, stdout=StringIO())


def test_a_tenant_is_created_with_a_plan(sold: None) -> None:
    wanted = ("--name", "Initech", "--owner-email", "alice@acme.test", "--wait")
    with pytest.raises(CommandError, match="No plan gold"):
        tenants("create", "initech", *wanted, "--plan", "gold")
    assert not Tenant.objects.filter(slug="initech").exists()
    tenants("create", "initech", *wanted, "--plan", "starter")
    assert str(TenantPlan.objects.get(tenant__slug="initech")) == "Starter v1"
    tenants("create", "umbrella", *wanted)
    assert str(TenantPlan.objects.get(tenant__slug="umbrella")) == "Free v1"
