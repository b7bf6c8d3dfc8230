"""Seats follow members: who pays for each seat pays for as many as there are active members.

That somebody came or went is noted on the subscription's row; a worker then tells Stripe how many there are
now. The note stays until Stripe and we say the same: nothing is lost with a queue, a worker or an answer.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.billing import gateway
from apps.billing.inbox.lanes import lane_lock
from apps.billing.life import LIVING
from apps.billing.models import Price, Subscription
from apps.billing.phases import phases_left
from apps.billing.seats import seats_billed
from apps.billing.services.checkout import customer_known
from apps.billing.services.subscriptions import subscription_take_over
from apps.billing.stripe_shapes import ref
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection

# Longer than a task that was queued with the note needs.
OVERDUE_AFTER = timedelta(minutes=1)
PRORATION = "create_prorations"


@system_connection()
def seats_note_changed(*, actor: Actor, tenant_id: uuid.UUID) -> bool:
    """Somebody came or went. Returns whether it matters: the tenant pays for each seat. One statement."""
    require_platform(actor)
    paying = Subscription.objects.filter(
        tenant_id=tenant_id, status__in=LIVING, price__is_per_seat=True
    )
    return bool(paying.update(seats_changed_at=timezone.now()))


@system_connection()
def seats_overdue(limit: int) -> list[uuid.UUID]:
    """Tenants whose seats were not followed at once, those that wait longest first. One statement."""
    noted = Subscription.objects.filter(seats_changed_at__lte=timezone.now() - OVERDUE_AFTER)
    return list(noted.order_by("seats_changed_at").values_list("tenant_id", flat=True)[:limit])


@system_connection()
def seats_follow(*, actor: Actor, tenant_id: uuid.UUID) -> bool:
    """Have the tenant pay for as many seats as it has members, from now on: what is left of the period is
    charged or credited with the next invoice. Nothing where nothing is noted.

    False: somebody else is at work on this customer; to be asked again. Dies it anywhere, the note is still
    there, and the next run asks Stripe first. Not inside a transaction. Publishes as
    subscription_take_over does. Raises PermissionDenied, StripeRefused, StripeUnavailable.
    """
    require_platform(actor)
    if not _noted(tenant_id).exists():
        return True
    with lane_lock(customer_known(tenant_id).stripe_id or "") as is_mine:
        if not is_mine:
            return False
        # What is noted from here on is left for whoever noted it: the members are counted after this.
        row = _noted(tenant_id).select_related("tenant").first()
        if row is None:
            return True
        with gateway.stripe_client() as client:
            asked: Any = {"expand": ["schedule"]}
            found = client.v1.subscriptions.retrieve(row.stripe_id, asked).to_dict()
            if found["status"] in LIVING and _tell(client, row, found, seats_billed(row.tenant)):
                found = client.v1.subscriptions.retrieve(row.stripe_id).to_dict()
        subscription_take_over(actor=actor, tenant_id=tenant_id, found=found)
    return True


def _noted(tenant_id: uuid.UUID) -> Any:
    return Subscription.objects.filter(tenant_id=tenant_id, seats_changed_at__isnull=False)


def _tell(client: Any, row: Subscription, found: Mapping[str, Any], quantity: int) -> bool:
    """Whether there was anything to change at Stripe."""
    schedule = _open_schedule(found)
    phases = phases_left(schedule) if schedule else []
    by_seat = _prices_by_seat(found["items"]["data"], *(one["items"] for one in phases))
    changes = [
        {"id": one["id"], "quantity": quantity}
        for one in found["items"]["data"]
        if ref(one["price"]) in by_seat and one["quantity"] != quantity
    ]
    for phase in phases:
        for item in phase["items"]:
            if item["price"] in by_seat and item["quantity"] != quantity:
                item["quantity"] = quantity
                changes.append(item)
    if not changes:
        return False
    ids = sorted(one["id"] for one in changes if "id" in one)
    act: Any = {
        "idempotency_key": gateway.idempotency_key(
            "seats", row.id, quantity, row.seats_changed_at, *ids
        )
    }
    if schedule:
        # It would take its own count back when the next phase begins. Its present phase is applied at once.
        whole: Any = {"phases": phases, "proration_behavior": PRORATION}
        client.v1.subscription_schedules.update(schedule["id"], whole, act)
    else:
        some: Any = {"items": changes, "proration_behavior": PRORATION}
        client.v1.subscriptions.update(row.stripe_id, some, act)
    return True


def _open_schedule(found: Mapping[str, Any]) -> Mapping[str, Any] | None:
    schedule = found.get("schedule")
    return schedule if schedule and schedule["status"] == "active" else None


def _prices_by_seat(*items: Sequence[Mapping[str, Any]]) -> set[str | None]:
    """Stripe's ids of the prices among them that are of a plan, for each seat. One statement."""
    prices = {ref(one["price"]) for some in items for one in some}
    known = Price.objects.filter(
        stripe_price_id__in=prices, plan_version__isnull=False, is_per_seat=True
    )
    return set(known.values_list("stripe_price_id", flat=True))
