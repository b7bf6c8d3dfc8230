"""What is to come of a subscription: the phase of its schedule at Stripe that follows the present one."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.billing.models import Price, Subscription
from apps.billing.stripe_shapes import at, ref
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection


@system_connection()
@transaction.atomic
def schedule_take_over(*, actor: Actor, tenant_id: uuid.UUID, found: Mapping[str, Any]) -> None:
    """Note what a schedule says is next, of the tenant's own subscription; or that nothing is.

    found: the schedule, as it is now. Locks the row. The act that asked for it has noted the same, unless it
    died before it could.
    """
    require_platform(actor)
    ours = Subscription.objects.select_for_update().filter(
        tenant_id=tenant_id, stripe_id=ref(found.get("subscription")) or ""
    )
    row = ours.first()
    if row is None:
        return
    price, starts_at = _next(found)
    if price is not None and price.id == row.price_id:
        price, starts_at = None, None
    if (row.next_price_id, row.next_price_at) != (price.id if price else None, starts_at):
        row.next_price, row.next_price_at = price, starts_at
        row.save(update_fields=["next_price", "next_price_at", "updated_at"])


def _next(schedule: Mapping[str, Any]) -> tuple[Price | None, datetime | None]:
    """The plan's price of the next phase, and when it begins. One statement at most."""
    present = schedule.get("current_phase")
    if schedule["status"] != "active" or not present:
        return None, None
    for phase in schedule["phases"]:
        if phase["start_date"] > present["start_date"]:
            sold = Price.objects.filter(
                add_on=None, stripe_price_id__in=[ref(item["price"]) for item in phase["items"]]
            )
            return sold.first(), at(phase["start_date"])
    return None, None
