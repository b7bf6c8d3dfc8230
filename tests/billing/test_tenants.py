"""What a tenant has: assigned, added, excepted; and what it begins with."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Person
from apps.billing.declarations import Terms
from apps.billing.models import AddOn, EntitlementOverride, TenantAddOn, TenantPlan
from apps.billing.provisioning import plan_begin
from apps.billing.selectors import version_of
from apps.billing.services import (
    add_on_set,
    override_set,
    override_withdraw,
    plan_assign,
    plan_assign_missing,
    version_draft,
)
from apps.common import entitlements
from apps.common.actors import Actor
from apps.common.entitlements import Granted
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant, TenantEvent
from apps.tenants.services import tenant_create
from tests.api.client import MISSING
from tests.billing.conftest import Assign, Published
from tests.conftest import SYSTEM, make_tenant

pytestmark = pytest.mark.django_db
SEATS, SSO = "organizations.seats", "accounts.single_sign_on"


def test_assigning(acme: Tenant, assign: Assign, published: Published) -> None:
    before = len(published())
    assign("free")
    held = TenantPlan.objects.get(tenant=acme)
    anchor = held.period_anchor_at
    assign("starter", is_comp=True)
    held.refresh_from_db()
    assert (str(held.plan_version), held.is_comp, held.actor) == (
        "Starter v1",
        True,
        "system:tests",
    )
    assert (held.reason, held.period_anchor_at) == ("A test", anchor)
    assert published()[before:] == ["billing.plan_assigned", "billing.entitlements_changed"] * 2
    event = OutboxEvent.objects.filter(name="billing.plan_assigned").latest("position")
    assert event.tenant_id == acme.id
    assert event.payload == {
        "tenant_id": str(acme.id),
        "from_plan": "free",
        "from_version": 1,
        "to_plan": "starter",
        "to_version": 1,
        "is_comp": True,
    }
    note = TenantEvent.objects.filter(tenant=acme, action="plan_assigned").latest("id")
    assert (note.reason, note.is_internal) == ("Starter v1: A test", True)
    # The same again is nothing.
    assign("starter", is_comp=True)
    assert len(published()[before:]) == 4


def test_what_cannot_be_assigned(acme: Tenant, sold: None) -> None:
    starter = version_of("starter")
    draft = version_draft(actor=SYSTEM, plan_id=starter.plan_id, terms=Terms())

    def assign(version_id: Any, **kwargs: Any) -> None:
        plan_assign(actor=SYSTEM, tenant_id=acme.id, plan_version_id=version_id, **kwargs)

    with pytest.raises(Conflict) as caught:
        assign(draft.id)
    assert caught.value.code == "plan_version_draft"
    with pytest.raises(NotFound):
        assign(MISSING)
    with pytest.raises(InvalidInput):
        assign(starter.id, is_comp=True, reason="  ")
    with pytest.raises(NotFound):
        plan_assign(actor=SYSTEM, tenant_id=uuid.UUID(MISSING), plan_version_id=starter.id)
    assert not TenantPlan.objects.exists()


def test_add_ons_add_up(acme: Tenant, assign: Assign, published: Published) -> None:
    assign("free")
    seats, sso = AddOn.objects.get(code="seats_10"), AddOn.objects.get(code="single_sign_on")
    before = len(published())
    for add_on, quantity in ((seats, 3), (sso, 1), (seats, 3)):
        add_on_set(actor=SYSTEM, tenant_id=acme.id, add_on_id=add_on.id, quantity=quantity)
    assert entitlements.granted(acme, SEATS) == Granted(35)
    assert entitlements.has(acme, SSO)
    assert published()[before:] == ["billing.add_on_changed", "billing.entitlements_changed"] * 2
    # Any number stays any number.
    assign("enterprise")
    assert entitlements.granted(acme, SEATS) == Granted(None)
    add_on_set(actor=SYSTEM, tenant_id=acme.id, add_on_id=seats.id, quantity=0)
    assert list(TenantAddOn.objects.values_list("add_on__code", flat=True)) == ["single_sign_on"]
    for quantity in (-1, 1001):
        with pytest.raises(InvalidInput):
            add_on_set(actor=SYSTEM, tenant_id=acme.id, add_on_id=seats.id, quantity=quantity)
    AddOn.objects.filter(id=seats.id).update(retired_at=timezone.now())
    with pytest.raises(Conflict):
        add_on_set(actor=SYSTEM, tenant_id=acme.id, add_on_id=seats.id, quantity=1)


def test_an_override_is_all_there_is(acme: Tenant, assign: Assign, published: Published) -> None:
    assign("free")
    values: dict[str, Any] = {"actor": SYSTEM, "tenant_id": acme.id, "code": SEATS}
    soon = timezone.now() + timedelta(days=1)
    before = len(published())
    override_set(**values, granted=Granted(50, True), reason="Pilot", expires_at=soon)
    assert entitlements.granted(acme, SEATS) == Granted(50, True)
    override_set(**values, granted=Granted(2), reason="Pilot, smaller")
    assert entitlements.granted(acme, SEATS) == Granted(2)
    assert EntitlementOverride.objects.get().expires_at is None
    override_withdraw(**values, reason="Over")
    assert entitlements.granted(acme, SEATS) == Granted(5)
    assert published()[before:] == [
        *["billing.override_set", "billing.entitlements_changed"] * 2,
        "billing.override_withdrawn",
        "billing.entitlements_changed",
    ]
    reasons = TenantEvent.objects.filter(tenant=acme, action__startswith="override").order_by("id")
    assert list(reasons.values_list("reason", flat=True)) == [
        f"{SEATS} = 50 (soft): Pilot",
        f"{SEATS} = 2: Pilot, smaller",
        f"{SEATS}: Over",
    ]
    with pytest.raises(NotFound):
        override_withdraw(**values, reason="Again")
    # Why is for staff.
    assert not any(
        "Pilot" in str(payload) for payload in OutboxEvent.objects.values_list("payload", flat=True)
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "notes.notes"}, "value"),
        ({"granted": Granted(-1)}, "value"),
        ({"code": SSO, "granted": Granted(3)}, "value"),
        ({"granted": Granted(None, True)}, "value"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expires_at"),
    ],
)
def test_overrides_that_cannot_be(acme: Tenant, change: dict[str, Any], field: str) -> None:
    values: dict[str, Any] = {"code": SEATS, "granted": Granted(1), "reason": "Why", **change}
    with pytest.raises(InvalidInput) as caught:
        override_set(actor=SYSTEM, tenant_id=acme.id, **values)
    assert [one.attr for one in caught.value.errors] == [field]
    assert not EntitlementOverride.objects.exists()


def test_only_the_platform_may(acme: Tenant, assign: Assign, owner: Actor) -> None:
    version = assign("free")
    add_on = AddOn.objects.get(code="seats_10")
    values: dict[str, Any] = {"actor": owner, "tenant_id": acme.id}
    for act in (
        lambda: plan_assign(**values, plan_version_id=version_of("enterprise").id),
        lambda: add_on_set(**values, add_on_id=add_on.id, quantity=1),
        lambda: override_set(**values, code=SEATS, granted=Granted(9), reason="Mine"),
        lambda: override_withdraw(**values, code=SEATS, reason="Mine"),
        lambda: plan_assign_missing(actor=owner, plan_version_id=version.id),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert TenantPlan.objects.get().plan_version == version


def test_a_new_tenant_begins_with_the_default(sold: None, alice: Person) -> None:
    tenant = make_tenant("umbrella", alice)
    assert str(tenant.assigned_plan.plan_version) == "Free v1"
    assert "plan" in tenant.steps_done
    plan_begin(tenant)
    assert TenantEvent.objects.filter(tenant=tenant, action="plan_assigned").count() == 1


def test_where_nothing_is_sold_it_begins_without(world: object, alice: Person) -> None:
    assert not TenantPlan.objects.filter(tenant=make_tenant("umbrella", alice)).exists()


def test_a_copy_has_what_the_other_has(acme: Tenant, assign: Assign, alice: Person) -> None:
    version = assign("business")
    add_on = AddOn.objects.get(code="seats_10")
    add_on_set(actor=SYSTEM, tenant_id=acme.id, add_on_id=add_on.id, quantity=2)
    override_set(
        actor=SYSTEM, tenant_id=acme.id, code="roles.api_keys", granted=Granted(1), reason="x"
    )
    copy = tenant_create(
        actor=SYSTEM,
        name="Copy",
        slug="acme-copy",
        owner_person_id=alice.id,
        cloned_from_id=acme.id,
    )
    plan_begin(copy)
    held = TenantPlan.objects.get(tenant=copy)
    assert (held.plan_version, held.is_comp) == (version, True)
    assert TenantAddOn.objects.get(tenant=copy).quantity == 2
    assert EntitlementOverride.objects.get(tenant=copy).value == 1


def test_all_that_have_none(acme: Tenant, globex: Tenant, assign: Assign) -> None:
    assign("business")
    version = version_of("free")
    assert plan_assign_missing(actor=SYSTEM, plan_version_id=version.id) == 1
    assert plan_assign_missing(actor=SYSTEM, plan_version_id=version.id) == 0
    held = TenantPlan.objects.order_by("tenant__slug").values_list(
        "plan_version__plan__code", flat=True
    )
    assert list(held) == ["business", "free"]


def test_the_database_refuses_what_cannot_be(acme: Tenant, sold: None) -> None:
    version = version_of("free")
    wrong = [
        lambda: version.prices.create(currency="eur", interval="month", amount_minor=1),
        lambda: version.prices.create(currency="EUR", interval="year", amount_minor=-1),
        lambda: version.planentitlements.create(code=SEATS, value=1),
        lambda: version.planentitlements.create(code="x.y", value=-1),
        lambda: EntitlementOverride.objects.create(tenant=acme, code=SEATS, value=1, reason=""),
    ]
    for act in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
