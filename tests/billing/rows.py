"""Rows of everything that a tenant can have, for tests of its boundaries."""

from django.utils import timezone

from apps.billing.models import (
    AddOn,
    AutoTopUp,
    CreditPack,
    CreditPurchase,
    EntitlementOverride,
    PackPrice,
    Plan,
    PlanVersion,
    Subscription,
    TenantAddOn,
    TenantPlan,
    UsageCounter,
    UsageRecord,
)
from apps.tenants.models import Tenant


def give_everything(tenant: Tenant, mark: str = "x") -> None:
    """mark: stands where words are the tenant's own."""
    now = timezone.now()
    plan, _is_new = Plan.objects.get_or_create(code="gold", defaults={"name": "Gold"})
    version, _is_new = PlanVersion.objects.get_or_create(
        plan=plan, number=1, defaults={"published_at": now}
    )
    add_on, _is_new = AddOn.objects.get_or_create(code="more", defaults={"name": "More"})
    TenantPlan.objects.create(
        tenant=tenant,
        plan_version=version,
        since=now,
        period_anchor_at=now,
        actor=f"{mark}@platform.test",
        reason=mark,
    )
    TenantAddOn.objects.create(tenant=tenant, add_on=add_on, quantity=1, since=now)
    EntitlementOverride.objects.create(
        tenant=tenant,
        code="organizations.seats",
        value=None,
        actor=f"{mark}@platform.test",
        reason=mark,
    )
    Subscription.objects.create(
        tenant=tenant, stripe_id=f"sub_{tenant.id.hex}", status="active", standing="active"
    )
    pack, _is_new = CreditPack.objects.get_or_create(
        code="pack", defaults={"name": "Pack", "credits_microcredits": 1}
    )
    price, _is_new = PackPrice.objects.get_or_create(
        pack=pack, currency="EUR", defaults={"amount_minor": 1}
    )
    CreditPurchase.objects.create(
        tenant=tenant,
        price=price,
        quantity=1,
        credits_microcredits=1,
        amount_minor=1,
        currency="EUR",
    )
    AutoTopUp.objects.create(tenant=tenant, pack=pack, currency="EUR", monthly_cap_minor=1)
    UsageRecord.objects.create(tenant=tenant, code="tenants.exports", key=mark, amount=1)
    UsageCounter.objects.create(tenant=tenant, code="tenants.exports", period_start=now, used=1)
