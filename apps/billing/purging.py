from apps.billing.models import (
    EntitlementOverride,
    TenantAddOn,
    TenantPlan,
    UsageCounter,
    UsageRecord,
)
from apps.tenants.purging import rows_step

STEPS = (
    rows_step("usage_records", "Uses", 54, UsageRecord),
    rows_step("usage_counters", "Usage of periods", 55, UsageCounter),
    rows_step("entitlement_overrides", "Exceptions from the plan", 56, EntitlementOverride),
    rows_step("tenant_add_ons", "Add-ons", 57, TenantAddOn),
    rows_step("tenant_plan", "Plan", 58, TenantPlan),
)
