"""Reads of the catalogue, and of what tenants have of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from apps.billing.life import LIVING
from apps.billing.models import (
    AddOn,
    BillingCustomer,
    CreditPack,
    PackPrice,
    Plan,
    PlanEntitlement,
    PlanVersion,
    Price,
    Subscription,
    TenantAddOn,
    TenantPlan,
)
from apps.billing.permissions import VIEW_BILLING
from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.entitlements import Entitlement, Kind, Standing, standings
from apps.common.errors import NotFound
from apps.common.tenancy import require_tenant


def versions_sold() -> QuerySet[PlanVersion]:
    """The one version of each plan that is sold, in the plans' order."""
    latest = (
        PlanVersion.objects.filter(
            plan=OuterRef("plan"), published_at__isnull=False, retired_at__isnull=True
        )
        .order_by()
        .values("plan")
        .annotate(latest=Max("number"))
        .values("latest")
    )
    return (
        PlanVersion.objects.filter(
            plan__retired_at__isnull=True,
            published_at__isnull=False,
            retired_at__isnull=True,
            number=Subquery(latest),
        )
        .select_related("plan")
        .order_by("plan__position", "plan__code")
    )


def plans_public() -> Sequence[PlanVersion]:
    """What everybody may see, with prices and entitlements. Three statements."""
    return list(
        versions_sold()
        .filter(plan__is_public=True)
        .prefetch_related(
            Prefetch("prices", Price.objects.order_by("currency", "interval")),
            Prefetch("planentitlements", PlanEntitlement.objects.order_by("code")),
        )
    )


def add_ons_public() -> Sequence[AddOn]:
    """Three statements."""
    return list(
        AddOn.objects.filter(is_public=True, retired_at__isnull=True)
        .order_by("position", "code")
        .prefetch_related(
            Prefetch("prices", Price.objects.order_by("currency", "interval")),
            Prefetch("planentitlements", PlanEntitlement.objects.order_by("code")),
        )
    )


def packs_public() -> Sequence[CreditPack]:
    """With the prices that are asked now. Two statements."""
    return list(
        CreditPack.objects.filter(is_public=True, retired_at__isnull=True)
        .order_by("position", "code")
        .prefetch_related(
            Prefetch("prices", PackPrice.objects.filter(retired_at=None).order_by("currency"))
        )
    )


def pack_prices_public() -> Sequence[PackPrice]:
    """What packs_public has, as prices with their packs. One statement."""
    prices = PackPrice.objects.filter(
        retired_at=None, pack__is_public=True, pack__retired_at__isnull=True
    )
    return list(prices.select_related("pack").order_by("pack__position", "pack__code", "currency"))


def version_of(code: str) -> PlanVersion:
    """The version of a plan that is sold. Raises NotFound."""
    found = versions_sold().filter(plan__code=code).first()
    if found is None:
        raise NotFound(f"No plan {code} is sold.")
    return found


def version_for_new_tenants() -> PlanVersion | None:
    return versions_sold().filter(plan__is_default=True).first()


@dataclass(frozen=True, slots=True)
class Better:
    plan: Plan
    value: int | None


def plan_that_gives_more(one: Entitlement, than: int) -> Better | None:
    """The first public plan that gives more of it, and how much. One statement."""
    found = (
        PlanEntitlement.objects.filter(
            Q(value__isnull=True) | Q(value__gt=than),
            code=one.code,
            plan_version__in=versions_sold().filter(plan__is_public=True).order_by(),
        )
        .select_related("plan_version__plan")
        .order_by("plan_version__plan__position")
        .first()
    )
    return Better(found.plan_version.plan, found.value) if found and found.plan_version else None


@dataclass(frozen=True, slots=True)
class Holding:
    """What a tenant has. plan: None where none is assigned; subscription: where nothing was bought."""

    plan: TenantPlan | None
    subscription: Subscription | None
    standings: Sequence[Standing]

    @property
    def limited(self) -> list[Standing]:
        return [one for one in self.standings if one.entitlement.kind is not Kind.BOOLEAN]

    @property
    def features(self) -> list[Standing]:
        return [one for one in self.standings if one.entitlement.kind is Kind.BOOLEAN]

    @property
    def over(self) -> list[Standing]:
        return [one for one in self.standings if one.state == "over"]


def holding_for(actor: Actor) -> Holding:
    """Of the actor's tenant. Three statements. Raises PermissionDenied."""
    authorize(actor, VIEW_BILLING)
    tenant = require_tenant()
    prices = [
        f"tenant__subscription__{price}__plan_version__plan" for price in ("price", "next_price")
    ]
    plan = _plans_of(tenant.id).select_related(*prices, "plan_version__plan").first()
    return Holding(
        plan, getattr(plan.tenant, "subscription", None) if plan else None, standings(tenant)
    )


def plan_of(tenant_id: uuid.UUID) -> TenantPlan | None:
    return _plans_of(tenant_id).select_related("plan_version__plan").first()


def _plans_of(tenant_id: uuid.UUID) -> QuerySet[TenantPlan]:
    return TenantPlan.objects.filter(tenant_id=tenant_id)


def price_of(code: str, interval: str, currency: str) -> Price:
    """Of the version of a plan that is sold. Raises NotFound."""
    found = Price.objects.filter(
        plan_version=version_of(code), interval=interval, currency=currency
    ).first()
    if found is None:
        raise NotFound(_("%(plan)s has no such price.") % {"plan": code})
    return found


def subscription_for(actor: Actor) -> Subscription | None:
    """Of the actor's tenant; None: nothing was bought. One statement. Raises PermissionDenied."""
    authorize(actor, VIEW_BILLING)
    return (
        Subscription.objects.filter(tenant_id=require_tenant().id)
        .select_related("price__plan_version__plan", "next_price__plan_version__plan")
        .first()
    )


def add_ons_paid_for(tenant_id: uuid.UUID) -> list[TenantAddOn]:
    """Those that the subscription pays for now. One statement."""
    held = TenantAddOn.objects.filter(tenant_id=tenant_id, paid_quantity__gt=0)
    return list(held.select_related("add_on").order_by("add_on__position", "add_on__code"))


def customer_for(actor: Actor) -> BillingCustomer | None:
    """Of the actor's tenant; None: it is none yet. One statement. Raises PermissionDenied."""
    authorize(actor, VIEW_BILLING)
    return BillingCustomer.objects.filter(tenant_id=require_tenant().id).first()


def seat_price(tenant_id: uuid.UUID) -> Price | None:
    """What one more member costs; None: nothing. For whoever lets people in. One statement."""
    rows = Subscription.objects.filter(tenant_id=tenant_id, status__in=LIVING, ends_at=None)
    row = rows.filter(price__is_per_seat=True).select_related("price").first()
    return row.price if row else None
