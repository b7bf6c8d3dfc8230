"""What of billing goes with a tenant: our rows, and our copies. Stripe keeps what the law wants kept."""

from typing import Any

from django.db.models import Model

from apps.billing.inbox.mirror import models_of_customers
from apps.billing.models import (
    AutoTopUp,
    BillingCustomer,
    CreditPurchase,
    EntitlementOverride,
    StripeEvent,
    Subscription,
    TenantAddOn,
    TenantPlan,
    UsageCounter,
    UsageRecord,
)
from apps.tenants.models import Tenant
from apps.tenants.purging import BATCH_ROWS, PurgeStep, rows_step


def _customer_ids(tenant: Tenant) -> list[str]:
    linked = BillingCustomer.objects.filter(tenant=tenant, stripe_id__isnull=False)
    return [str(one) for one in linked.values_list("stripe_id", flat=True)]


def _delete_batch(model: Any, **of_customer: Any) -> bool:
    """True when fewer than a batch were left."""
    rows = model._default_manager.filter(**of_customer)
    batch = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH_ROWS])
    model._default_manager.filter(pk__in=batch).delete()
    return len(batch) < BATCH_ROWS


def _stripe_events(tenant: Tenant) -> bool:
    return _delete_batch(StripeEvent, customer_id__in=_customer_ids(tenant))


def _stripe_events_preview(tenant: Tenant) -> dict[str, Any]:
    return {
        "stripe_events": StripeEvent.objects.filter(customer_id__in=_customer_ids(tenant)).count()
    }


def _stripe_objects(tenant: Tenant) -> bool:
    """A batch of each kind, and of the customer what is left. A kind that has more is asked again."""
    ids = _customer_ids(tenant)
    return all(_delete_batch(model, **{f"{name}__in": ids}) for model, name in _models())


def _stripe_objects_preview(tenant: Tenant) -> dict[str, Any]:
    ids = _customer_ids(tenant)
    counts = {
        f"stripe_{model._meta.model_name}": model._default_manager.filter(
            **{f"{name}__in": ids}
        ).count()
        for model, name in _models()
    }
    return {name: count for name, count in counts.items() if count}


def _models() -> list[tuple[type[Model], str]]:
    return models_of_customers()


STEPS = (
    rows_step("auto_top_up", "Auto top-up", 52, AutoTopUp),
    rows_step("credit_purchases", "Purchases of credits", 53, CreditPurchase),
    rows_step("usage_records", "Uses", 54, UsageRecord),
    rows_step("usage_counters", "Usage of periods", 55, UsageCounter),
    rows_step("entitlement_overrides", "Exceptions from the plan", 56, EntitlementOverride),
    rows_step("tenant_add_ons", "Add-ons", 57, TenantAddOn),
    rows_step("tenant_plan", "Plan", 58, TenantPlan),
    rows_step("subscription", "Subscription", 59, Subscription),
    PurgeStep("stripe_events", "Events of Stripe", 71, _stripe_events, _stripe_events_preview),
    PurgeStep(
        "stripe_objects", "Copies of Stripe's objects", 73, _stripe_objects, _stripe_objects_preview
    ),
    rows_step("billing_customer", "Customer of Stripe", 74, BillingCustomer),
)
