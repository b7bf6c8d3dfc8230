"""The two sides of the comparison: what Stripe lists of customers, and our rows and copies of them."""

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from django.apps import apps

from apps.billing import gateway
from apps.billing.models import BillingCustomer, CreditPurchase, Subscription, TenantPlan
from apps.billing.stripe_shapes import customer_id

Objects = dict[str, dict[str, Any]]
# Of which dj-stripe keeps copies that finance reads, and its models.
COPIED = {"invoice": "Invoice", "payment_intent": "PaymentIntent", "charge": "Charge"}


# So long a page of Stripe's may be open before somebody pays on it, and more.
EARLIER = timedelta(days=2)


@dataclass(slots=True)
class There:
    """A customer at Stripe. customer: None where there is none. objects: by kind and id, of the window."""

    customer: dict[str, Any] | None = None
    subscriptions: Objects = field(default_factory=dict)
    objects: dict[str, Objects] = field(default_factory=lambda: {kind: {} for kind in COPIED})


@dataclass(slots=True)
class Here:
    """What we have of it. copies: as There.objects. purchases: since `since`, less EARLIER."""

    customer: BillingCustomer
    subscription: Subscription | None
    plan: TenantPlan | None
    copies: dict[str, Objects]
    purchases: list[CreditPurchase]
    since: datetime


def there_all(client: Any, since: datetime) -> dict[str, There]:
    """All customers, and what they have; invoices and payments since then. A request for each hundred."""
    found: dict[str, There] = {}
    for one in _pages(client.v1.customers):
        found.setdefault(one["id"], There()).customer = one
    for one in _pages(client.v1.subscriptions, status="all"):
        found.setdefault(customer_id(one), There()).subscriptions[one["id"]] = one
    for kind, one in _copied(client, since):
        if owner := customer_id(one):
            found.setdefault(owner, There()).objects[kind][one["id"]] = one
    return found


def there_one(client: Any, stripe_id: str, since: datetime) -> There:
    """As there_all, of one customer, also a deleted one. Five requests; one where there is none."""
    body, status = gateway.get(f"/v1/customers/{quote(stripe_id)}")
    if status == 404:
        return There()
    found = There(json.loads(body))
    for one in _pages(client.v1.subscriptions, status="all", customer=stripe_id):
        found.subscriptions[one["id"]] = one
    for kind, one in _copied(client, since, customer=stripe_id):
        found.objects[kind][one["id"]] = one
    return found


def _copied(client: Any, since: datetime, **of: str) -> Iterator[tuple[str, dict[str, Any]]]:
    window = {"created": {"gte": int(since.timestamp())}, **of}
    for one in _pages(client.v1.invoices, expand=["data.payments"], **window):
        yield "invoice", one
    for one in _pages(client.v1.payment_intents, **window):
        yield "payment_intent", one
    for one in _pages(client.v1.charges, **window):
        yield "charge", one


def _pages(service: Any, **asked: Any) -> Iterator[dict[str, Any]]:
    for one in service.list({"limit": 100, **asked}).auto_paging_iter():
        yield one.to_dict()


def here_of(stripe_ids: Iterable[str], since: datetime) -> dict[str, Here]:
    """By Stripe's id of the customer, where a tenant has it. Seven statements."""
    wanted = list(stripe_ids)
    customers = list(
        BillingCustomer.objects.filter(stripe_id__in=wanted).select_related("tenant").order_by("id")
    )
    tenants = [one.tenant_id for one in customers]
    rows = Subscription.objects.select_related("price__plan_version__plan")
    subscriptions = {one.tenant_id: one for one in rows.filter(tenant_id__in=tenants)}
    held = TenantPlan.objects.select_related("plan_version__plan")
    plans = {one.tenant_id: one for one in held.filter(tenant_id__in=tenants)}
    purchases: dict[uuid.UUID, list[CreditPurchase]] = {}
    bought = CreditPurchase.objects.filter(tenant_id__in=tenants, created_at__gte=since - EARLIER)
    for one in bought.order_by("id"):
        purchases.setdefault(one.tenant_id, []).append(one)
    found = {
        one.stripe_id or "": Here(
            one,
            subscriptions.get(one.tenant_id),
            plans.get(one.tenant_id),
            {kind: {} for kind in COPIED},
            purchases.get(one.tenant_id, []),
            since,
        )
        for one in customers
    }
    for kind, name in COPIED.items():
        model: Any = apps.get_model("djstripe", name)
        copies = model.objects.filter(customer__id__in=list(found), created__gte=since)
        for owner, copy_id, data in copies.values_list("customer__id", "id", "stripe_data"):
            found[owner].copies[kind][copy_id] = data
    return found
