"""Packs of credits that were paid for, or paid back, compared with what Stripe has of it."""

import uuid
from collections.abc import Callable, Iterator, Sequence

from apps.billing.enums import PurchaseState
from apps.billing.models import CreditPurchase
from apps.billing.reconciling.findings import Finding
from apps.billing.reconciling.sides import Here, There
from apps.billing.services.purchases import METADATA_KEY
from apps.billing.stripe_shapes import ref
from apps.common.actors import Actor
from apps.tenants.models import Tenant

# Of what pays for a purchase, the state in which it has.
PAID_STATES = {"invoice": "paid", "payment_intent": "succeeded"}

# What the ledger, a layer above, has of the purchases: finding it, and mending one.
Compare = Callable[[Tenant, Sequence[CreditPurchase]], Iterator[Finding]]
Follow = Callable[[Actor, uuid.UUID], object]
_ledger: tuple[Compare, Follow] | None = None


def set_purchase_ledger(compare: Compare, follow: Follow) -> None:
    """Called once by the credits app."""
    global _ledger  # noqa: PLW0603 - set once at start
    _ledger = (compare, follow)


def differences_of_purchases(here: Here, there: There) -> Iterator[Finding]:
    """Statements are the ledger's alone."""
    tenant, purchases, objects = here.customer.tenant, here.purchases, there.objects
    slug, rows = tenant.slug, {str(one.id): one for one in purchases}
    paid: dict[str, tuple[str, str]] = {}
    for kind, state in PAID_STATES.items():
        for object_id, found in objects[kind].items():
            named = (found.get("metadata") or {}).get(METADATA_KEY)
            if named and found.get("status") == state:
                paid.setdefault(named, (kind, object_id))
    for named, (kind, object_id) in paid.items():
        row = rows.get(named)
        if row is None:
            yield Finding("purchase_unknown", slug, kind, object_id, "none", "paid")
        elif row.state != PurchaseState.PAID:
            yield Finding("purchase_unpaid", slug, kind, object_id, row.state, "paid")
    for named, row in rows.items():
        is_new = row.created_at >= here.since
        if is_new and row.state == PurchaseState.PAID and row.paid_minor and named not in paid:
            yield Finding("purchase_gone", slug, "purchase", named, "paid", "none")
    by_intent = {row.stripe_payment_intent_id: row for row in purchases if row.state == "paid"}
    for object_id, found in objects["charge"].items():
        row = by_intent.get(ref(found.get("payment_intent")) or "none")
        if row is None:
            continue
        ours, theirs = row.returned.get(object_id, 0), found.get("amount_refunded") or 0
        if ours != theirs:
            yield Finding("purchase_returned", slug, "charge", object_id, str(ours), str(theirs))
    if _ledger is not None:
        yield from _ledger[0](tenant, purchases)


def purchase_mend(actor: Actor, purchase_id: str) -> None:
    """Have the ledger follow it."""
    if _ledger is not None:
        _ledger[1](actor, uuid.UUID(purchase_id))
