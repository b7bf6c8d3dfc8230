"""What is to be done in the entered tenant: for workers."""

import uuid
from collections import Counter
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from apps.notifications.enums import DeliveryState
from apps.notifications.models import Delivery, Digest, Notification

# Tables whose rows are sent.
SENT: tuple[type[Delivery | Digest], ...] = (Delivery, Digest)
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
    """When the next is due to be sent, or the next lease is over; what is under way is looked at again soon.

    Two statements.
    """
    first = min((at for model in SENT for at in _next_of(model)), default=None)
    now = timezone.now()
    return now + LOOKED_AT_AGAIN if first is not None and first <= now else first


def _next_of(model: type[Delivery | Digest]) -> list[datetime]:
    found = model.objects.aggregate(
        due=Min("due_at", filter=Q(state=DeliveryState.PENDING)),
        left=Min("lease_until", filter=Q(state=DeliveryState.SENDING)),
    )
    return [at for at in found.values() if at is not None]


def waiting_now() -> dict[str, int]:
    """How many are due by each channel, those that a dead worker left among them. Two statements."""
    now = timezone.now()
    is_due = Q(state=DeliveryState.PENDING, due_at__lte=now)
    is_left = Q(state=DeliveryState.SENDING, lease_until__lt=now)
    found: Counter[str] = Counter()
    for model in SENT:
        rows = model.objects.filter(is_due | is_left).values("channel").order_by("channel")
        found.update({one["channel"]: one["count"] for one in rows.annotate(count=Count("id"))})
    return dict(found)
