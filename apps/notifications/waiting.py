"""What waits to be sent follows what its reader, or the workspace, chooses meanwhile."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Now

from apps.notifications.enums import DeliveryState, Reason
from apps.notifications.hours import Clock, Hours
from apps.notifications.models import Delivery, Digest, Notification

S = DeliveryState


def waiting_drop(member_id: uuid.UUID, channel: str, kinds: Iterable[str], reason: Reason) -> None:
    """What a member does not want any more is not sent, by itself or with a digest.

    What a worker has is sent. Locks the digests that wait. Two statements.
    """
    waiting = Digest.objects.select_for_update().filter(
        member_id=member_id, channel=channel, state=S.PENDING
    )
    ids = [digest.id for digest in waiting]
    Delivery.objects.filter(
        Q(state=S.PENDING) | Q(state=S.MERGED, digest__in=ids),
        member_id=member_id,
        channel=channel,
        notification__in=Notification.objects.filter(kind__in=list(kinds)),
    ).update(state=S.SKIPPED, reason=reason, updated_at=Now())


def waiting_move(member_id: uuid.UUID, hours: Hours, now: datetime) -> datetime | None:
    """What waits for the end of quiet hours, and the open digest, wait for what is chosen now.

    Returns when the first of it is due, if anything waits. Locks the digest. Three statements.
    """
    clock = Clock.at(now)
    due_at = clock.quiet_end(hours) or now
    quiet = Delivery.objects.filter(member_id=member_id, state=S.PENDING, reason=Reason.QUIET_HOURS)
    moved = quiet.update(due_at=due_at, updated_at=Now())
    first = [due_at] if moved else []
    opened = Digest.objects.select_for_update().filter(
        member_id=member_id, state=S.PENDING, attempts=0
    )
    for digest in opened:
        digest.due_at = clock.digest_at(hours) or due_at
        digest.save(update_fields=["due_at", "updated_at"])
        first.append(digest.due_at)
    return min(first, default=None)
