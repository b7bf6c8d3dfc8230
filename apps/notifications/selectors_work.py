"""What is to be done in the entered tenant: for workers."""

import uuid
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from apps.notifications.enums import DeliveryState
from apps.notifications.models import Delivery, Notification

# A task that hands out takes a second; one that is lost is found after this.
LOST_AFTER = timedelta(seconds=60)
RESUMED_AT_MOST = 200
LOOKED_AT_AGAIN = timedelta(seconds=30)


def unfinished() -> list[uuid.UUID]:
    """Ids of notifications that not everybody was told of, the oldest first."""
    rows = Notification.objects.filter(
        handed_out_at=None, updated_at__lt=timezone.now() - LOST_AFTER
    )
    return list(rows.order_by("id").values_list("id", flat=True)[:RESUMED_AT_MOST])


def handing_out_due() -> datetime | None:
    """When somebody has to look for lost ones again."""
    is_left = Notification.objects.filter(handed_out_at=None).exists()
    return timezone.now() + LOST_AFTER if is_left else None


def sending_due() -> datetime | None:
    """When the next delivery is due, or the next lease is over; what is under way is looked at again soon."""
    found = Delivery.objects.aggregate(
        due=Min("due_at", filter=Q(state=DeliveryState.PENDING)),
        left=Min("lease_until", filter=Q(state=DeliveryState.SENDING)),
    )
    first = min((at for at in found.values() if at is not None), default=None)
    now = timezone.now()
    return now + LOOKED_AT_AGAIN if first is not None and first <= now else first


def waiting_now() -> dict[str, int]:
    """How many are due by each channel, those that a dead worker left among them. One statement."""
    now = timezone.now()
    is_due = Q(state=DeliveryState.PENDING, due_at__lte=now)
    is_left = Q(state=DeliveryState.SENDING, lease_until__lt=now)
    rows = Delivery.objects.filter(is_due | is_left).values("channel").order_by("channel")
    return {one["channel"]: one["count"] for one in rows.annotate(count=Count("id"))}
