"""What is sold, what tenants have of it, and what Stripe told of it. Public schema."""

from apps.billing.models.catalogue import AddOn, Plan, PlanEntitlement, PlanVersion, Price
from apps.billing.models.customer import BillingCustomer
from apps.billing.models.packs import AutoTopUp, CreditPack, CreditPurchase, PackPrice
from apps.billing.models.stripe_event import StripeEvent
from apps.billing.models.subscription import Subscription
from apps.billing.models.tenants import EntitlementOverride, TenantAddOn, TenantPlan
from apps.billing.models.usage import UsageCounter, UsageRecord

__all__ = [
    "AddOn",
    "AutoTopUp",
    "BillingCustomer",
    "CreditPack",
    "CreditPurchase",
    "EntitlementOverride",
    "PackPrice",
    "Plan",
    "PlanEntitlement",
    "PlanVersion",
    "Price",
    "StripeEvent",
    "Subscription",
    "TenantAddOn",
    "TenantPlan",
    "UsageCounter",
    "UsageRecord",
]
