"""What differs between the two sides of one customer. Reads only."""

import copy
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.billing.customers import METADATA_KEY
from apps.billing.enums import Standing, SubscriptionStatus
from apps.billing.life import WITH_PLAN, verdict
from apps.billing.models import BillingCustomer, Subscription
from apps.billing.reconciling.findings import Finding
from apps.billing.reconciling.purchases import differences_of_purchases
from apps.billing.reconciling.sides import Here, There
from apps.billing.seats import seats_billed
from apps.billing.selectors import add_ons_paid_for, version_for_new_tenants
from apps.billing.services.subscriptions import subscription_read
from apps.billing.stripe_shapes import address_of, invoice_is_paid, invoice_payment_intent_id
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant

# Of Stripe's statuses those in which nobody is charged any more, or not yet.
NOT_LIVING = ("canceled", "incomplete_expired", "incomplete")
# By how much the settling of standings may be late.
LATE = timedelta(hours=1)
WITH_MEMBERS = (TenantStatus.READY, TenantStatus.SUSPENDED)

AMOUNTS = {
    "invoice": ("total", "amount_due", "amount_paid", "amount_remaining"),
    "payment_intent": ("amount", "amount_received"),
    "charge": ("amount", "amount_refunded"),
}
# How kinds of findings begin.
WORDS = {"invoice": "invoice", "payment_intent": "payment", "charge": "charge"}


def differences(here: Here, there: There) -> Iterator[Finding]:
    """Of a tenant's customer. A few statements where it has a subscription, for the price and the seats."""
    for part in (_customer, _subscriptions, _plan, _copies):
        yield from part(here, there)
    yield from differences_of_purchases(here, there)


def differences_of_stranger(there: There) -> Iterator[Finding]:
    """Of a customer at Stripe that no row of ours knows. Two statements.

    Of a deleted tenant Stripe keeps the customer, as the law wants; only paying goes on for nobody.
    """
    customer = there.customer or {}
    stripe_id, metadata = str(customer.get("id", "")), customer.get("metadata") or {}
    row_id, tenant_id = _uuid(metadata.get(METADATA_KEY)), _uuid(metadata.get("tenant_id"))
    row = BillingCustomer.objects.filter(id=row_id).first() if row_id else None
    tenant = Tenant.objects.filter(id=tenant_id).first() if tenant_id else None
    slug = tenant.slug if tenant else ""
    if customer and not customer.get("deleted"):
        name = str(customer.get("email") or customer.get("name") or "")
        if row is not None and row.stripe_id is None:
            yield Finding("customer_unlinked", slug, "customer", stripe_id, "not linked", stripe_id)
            return
        if row is not None or tenant is not None:
            known = str(row.stripe_id) if row else "none"
            yield Finding("customer_second", slug, "customer", stripe_id, known, stripe_id)
        elif not metadata.get("tenant_id"):
            yield Finding("customer_unknown", "", "customer", stripe_id, "none", name)
    for one in there.subscriptions.values():
        if _is_living(one):
            yield Finding(
                "subscription_of_nobody", slug, "subscription", one["id"], "none", one["status"]
            )


def _customer(here: Here, there: There) -> Iterator[Finding]:
    row, found = here.customer, there.customer
    slug, stripe_id = row.tenant.slug, row.stripe_id or ""
    if found is None or found.get("deleted"):
        kind, word = ("customer_deleted", "deleted") if found else ("customer_missing", "none")
        yield Finding(kind, slug, "customer", stripe_id, stripe_id, word)
        return
    wanted = {
        "email": found.get("email") or "",
        "name": found.get("name") or row.name,
        "currency": found.get("currency") or "",
        "address": address_of(found),
    }
    for name, value in wanted.items():
        if getattr(row, name) != value:
            kind = f"customer_{name}"
            ours = getattr(row, name)
            yield Finding(kind, slug, "customer", stripe_id, _text(ours), _text(value))


def _subscriptions(here: Here, there: There) -> Iterator[Finding]:
    row, slug = here.subscription, here.customer.tenant.slug
    ours = there.subscriptions.get(row.stripe_id) if row else None
    living = [one for one in there.subscriptions.values() if _is_living(one)]
    if row is not None and ours is None and row.is_live:
        here_says = f"{row.status}"
        yield Finding("subscription_gone", slug, "subscription", row.stripe_id, here_says, "none")
    if row is not None and ours is not None:
        yield from _subscription(here, row, ours)
    others = [one for one in living if row is None or one["id"] != row.stripe_id]
    has_one = (ours is not None and _is_living(ours)) or (
        ours is None and row is not None and row.is_live
    )
    for one in sorted(others, key=lambda other: (other["created"], other["id"])):
        kind = "subscription_second" if has_one else "subscription_missing"
        known = row.stripe_id if row else "none"
        yield Finding(kind, slug, "subscription", one["id"], known, one["status"])
        has_one = True
    if here.customer.tenant.status != TenantStatus.DELETING:
        return
    for one in living:
        if not (one.get("cancel_at_period_end") or one.get("cancel_at")):
            yield Finding(
                "subscription_of_deleted",
                slug,
                "subscription",
                one["id"],
                "being deleted",
                one["status"],
            )


def _subscription(here: Here, row: Subscription, ours: dict[str, Any]) -> Iterator[Finding]:
    """Read as the inbox reads it, into a row that is not saved."""
    tenant, wanted = here.customer.tenant, copy.copy(row)
    wanted.status = SubscriptionStatus(ours["status"])
    paid = subscription_read(wanted, ours)

    def found(kind: str, ours_says: object, stripe_says: object) -> Finding:
        return Finding(
            kind, tenant.slug, "subscription", row.stripe_id, _text(ours_says), _text(stripe_says)
        )

    for kind, value in LOOKS_AT_SUBSCRIPTION.items():
        if value(row) != value(wanted):
            yield found(f"subscription_{kind}", value(row), value(wanted))
    if row.standing in WITH_PLAN:
        held = {one.add_on_id: one.paid_quantity for one in add_ons_paid_for(tenant.id)}
        if held != paid:
            yield found("subscription_add_ons", sum(held.values()), sum(paid.values()))
    now = timezone.now()
    may_be = [
        verdict(
            SubscriptionStatus(row.status),
            is_paused=row.is_paused,
            unpaid_since=row.unpaid_since,
            now=at,
        ).standing
        for at in (now, now - LATE)
    ]
    if row.standing not in may_be:
        yield found("subscription_standing", row.standing, may_be[0])
    if not _is_living(ours):
        return
    if wanted.price is None:
        yield found("price_unknown", "none", ours["items"]["data"][0]["price"]["id"])
    elif wanted.price.is_per_seat and tenant.status in WITH_MEMBERS:
        members = seats_billed(tenant)
        if members != wanted.quantity:
            yield found("seats", members, wanted.quantity)


LOOKS_AT_SUBSCRIPTION: dict[str, Callable[[Subscription], object]] = {
    "status": lambda row: str(row.status),
    "price": lambda row: row.price,
    "quantity": lambda row: row.quantity,
    "period": lambda row: (row.period_starts_at, row.period_ends_at),
    "trial": lambda row: row.trial_ends_at,
    "cancel": lambda row: row.ends_at,
    "next": lambda row: row.next_price,
    "paused": lambda row: (row.is_paused, row.resumes_at, row.pause_paid_until),
}


def _plan(here: Here, there: There) -> Iterator[Finding]:
    row, held, slug = here.subscription, here.plan, here.customer.tenant.slug
    if (held is not None and held.is_comp) or here.customer.tenant.status == TenantStatus.DELETING:
        return
    if row is not None and row.is_live:
        version = row.price.plan_version if row.price and row.standing in WITH_PLAN else None
        version = version or version_for_new_tenants()
        if version is not None and (held is None or held.plan_version_id != version.id):
            yield Finding(
                "plan_differs", slug, "subscription", row.stripe_id, _text(held), str(version)
            )
        return
    is_waiting = row is not None and row.standing == Standing.INCOMPLETE
    is_bought = any(_is_living(one) for one in there.subscriptions.values())
    if held is None or is_waiting or is_bought:
        return
    if held.plan_version.prices.filter(amount_minor__gt=0).exists():
        yield Finding("plan_unpaid", slug, "plan", str(held.id), str(held), "none")


def _copies(here: Here, there: There) -> Iterator[Finding]:
    for kind, word in WORDS.items():
        copies, objects = here.copies[kind], there.objects[kind]

        def found(what: str, object_id: str, ours: object, theirs: object) -> Finding:
            return Finding(
                f"{word}_{what}",  # noqa: B023 - used up before the next round
                here.customer.tenant.slug,
                kind,  # noqa: B023
                object_id,
                _text(ours),
                _text(theirs),
            )

        for object_id, theirs in objects.items():
            ours = copies.get(object_id)
            if ours is None or ours.get("deleted"):
                yield found("missing", object_id, "none", theirs["status"])
                continue
            if ours.get("status") != theirs.get("status"):
                yield found("status", object_id, ours.get("status"), theirs.get("status"))
            amounts = [[one.get(name) for name in AMOUNTS[kind]] for one in (ours, theirs)]
            if amounts[0] != amounts[1]:
                yield found("amounts", object_id, *amounts)
            if kind == "invoice" and invoice_is_paid(theirs):
                paid_by = [invoice_payment_intent_id(one) for one in (ours, theirs)]
                if paid_by[0] != paid_by[1]:
                    yield found("payment", object_id, *paid_by)
        if kind == "invoice" and there.customer is not None:
            # Drafts can be deleted; nothing else is.
            for object_id, ours in copies.items():
                if object_id not in objects and not ours.get("deleted"):
                    yield found("gone", object_id, ours.get("status"), "none")


def _is_living(found: Mapping[str, Any]) -> bool:
    return found["status"] not in NOT_LIVING


def _text(value: object) -> str:
    match value:
        case None | "":
            return "none"
        case datetime():
            return value.isoformat(timespec="seconds")
        case dict():
            return " ".join(map(_text, value.values())) or "none"
        case list() | tuple():
            return " ".join(map(_text, value))
    return str(value)


def _uuid(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None
