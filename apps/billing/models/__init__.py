"""What is sold, and what tenants have of it. Public schema."""

from apps.billing.models.catalogue import AddOn, Plan, PlanEntitlement, PlanVersion, Price
from apps.billing.models.tenants import EntitlementOverride, TenantAddOn, TenantPlan
from apps.billing.models.usage import UsageCounter, UsageRecord

__all__ = [
    "AddOn",
    "EntitlementOverride",
    "Plan",
    "PlanEntitlement",
    "PlanVersion",
    "Price",
    "TenantAddOn",
    "TenantPlan",
    "UsageCounter",
    "UsageRecord",
]
