"""What a moment leaves behind with us, exactly."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection

from apps.billing import source
from apps.billing.inbox.mirror import MIRRORED
from apps.billing.models import BillingCustomer, Subscription, TenantPlan
from apps.billing.reconciling.comparing import AMOUNTS
from apps.billing.reconciling.sides import COPIED
from apps.billing.seats import seats_billed
from apps.billing.stripe_shapes import invoice_is_paid, invoice_payment_intent_id
from apps.tenants.models import Tenant

# When a row was touched last says how often it was told the same; who of the platform's actors wrote it,
# whether the inbox, a click or reconciliation came first.
# What is to come is noted by the schedule's event; reconciliation asks for no schedules, so that what is lost
# of it shows when the change comes. When a sweep of credits looks at a plan next is its own mark.
LEFT_OUT = (
    *("id", "created_at", "updated_at", "actor", "reason"),
    *("next_price", "next_price_at", "allowance_at"),
)


@dataclass
class State:
    """tenants: by slug. copies: digests of dj-stripe's, by id. money: what is kept of them for finance, by
    id. mails: how many, by subject.
    """

    tenants: dict[str, dict[str, Any]]
    copies: dict[str, str]
    money: dict[str, list[Any]]
    mails: Counter[str] = field(default_factory=Counter)


def state(mails: list[Any]) -> State:
    plans = {one.tenant_id: _fields(one) for one in TenantPlan.objects.all()}
    rows = {one.tenant_id: _fields(one) for one in Subscription.objects.all()}
    customers = {one.tenant_id: _fields(one) for one in BillingCustomer.objects.all()}
    tenants = {
        one.slug: {
            "door": str(one.status),
            "plan": plans.get(one.id),
            "subscription": rows.get(one.id),
            "customer": customers.get(one.id),
            "gives": dict(source._read(one, "0").granted),
            "members": seats_billed(one),
        }
        for one in Tenant.objects.order_by("slug")
    }
    return State(tenants, _copies(), _money(), Counter(one.subject for one in mails))


def _fields(row: Any) -> dict[str, Any]:
    fields = [one.attname for one in row._meta.concrete_fields if one.name not in LEFT_OUT]
    return {name: getattr(row, name) for name in fields}


def _copies() -> dict[str, str]:
    found = {}
    with connection.cursor() as cursor:
        for name in MIRRORED:
            table = apps.get_model("djstripe", name)._meta.db_table
            cursor.execute(f"SELECT id, md5(stripe_data::text) FROM {table}")
            found.update(cursor.fetchall())
    return found


def _money() -> dict[str, list[Any]]:
    """What reconciliation answers for: invoices, payments and charges with status and amounts."""
    found = {}
    for kind, name in COPIED.items():
        model: Any = apps.get_model("djstripe", name)
        for object_id, data in model.objects.values_list("id", "stripe_data"):
            found[object_id] = [data["status"], *(data[amount] for amount in AMOUNTS[kind])]
            if kind == "invoice" and invoice_is_paid(data):
                found[object_id].append(invoice_payment_intent_id(data))
    return found


def differences(wanted: Any, found: Any, path: str = "") -> list[str]:
    """Readable, each on a line."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [
            line
            for key in sorted(wanted.keys() | found.keys())
            for line in differences(wanted.get(key), found.get(key), f"{path} {key}")
        ]
    return [] if wanted == found else [f"{path}: {found!r} for {wanted!r}"]
