"""What providers tell of mails: that one arrived, came back, or is not wanted."""

import uuid
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Coalesce, Now

from apps.common.actors import Actor
from apps.common.notifying import notification_type
from apps.events.registry import EventContext, subscribe
from apps.messaging.enums import Tracked
from apps.messaging.events import EmailTracked
from apps.notifications.enums import DeliveryState
from apps.notifications.models import Delivery, Digest
from apps.notifications.services import notifications_unsubscribe
from apps.notifications.unsubscribing import Link
from apps.organizations.models import Member

S = DeliveryState
ACTOR = Actor.system("mail provider")
# What is told, and the states that it comes after; providers tell in any order.
AFTER = {
    Tracked.DELIVERED: (S.DELIVERED, (S.PENDING, S.SENDING, S.SENT)),
    Tracked.BOUNCED: (S.BOUNCED, (S.PENDING, S.SENDING, S.SENT, S.DELIVERED)),
    Tracked.REJECTED: (S.FAILED, (S.PENDING, S.SENDING, S.SENT, S.DELIVERED)),
    Tracked.FAILED: (S.FAILED, (S.PENDING, S.SENDING, S.SENT, S.DELIVERED)),
}
UNWANTED = (Tracked.COMPLAINED, Tracked.UNSUBSCRIBED)


@subscribe("messaging.email_tracked", name="notifications.note_email_tracked")
def note_email_tracked(event: EmailTracked, context: EventContext) -> None:
    """What became of it; who does not want it gets no more of its category."""
    if context.tenant_id is None or event.delivery_id is None:
        return
    kind = Tracked(event.kind)
    if kind in AFTER:
        _advance(event, event.delivery_id, *AFTER[kind])
    elif kind in UNWANTED:
        _unsubscribe(event.delivery_id)


def _advance(
    event: EmailTracked,
    row_id: uuid.UUID,
    state: DeliveryState,
    after: tuple[DeliveryState, ...],
) -> None:
    """A worker that died before it noted that it was sent is spared asking. Two statements at most."""
    values: dict[str, Any] = {
        "state": state,
        "lease_until": None,
        "provider": event.provider,
        "provider_key": event.message_id[:255],
        "sent_at": Coalesce(F("sent_at"), Value(event.occurred_at)),
        "error": "" if state is S.DELIVERED else event.reason[:500],
        "updated_at": Now(),
    }
    if state is S.DELIVERED:
        values["arrived_at"] = event.occurred_at
    for model in (Delivery, Digest):
        if model.objects.filter(id=row_id, state__in=after).update(**values):
            return


def _unsubscribe(row_id: uuid.UUID) -> None:
    """Of a digest: from all that it has mails of."""
    delivery = Delivery.objects.filter(id=row_id).select_related("notification").first()
    if delivery is not None:
        kind = notification_type(delivery.notification.kind)
        member_id, category = delivery.member_id, kind.category if kind else ""
    else:
        digest = Digest.objects.filter(id=row_id).first()
        member_id, category = digest.member_id if digest else None, ""
    if member_id is None or not Member.objects.filter(id=member_id).exists():
        return
    notifications_unsubscribe(
        actor=ACTOR,
        member_id=member_id,
        categories=Link(member_id, category).categories,
        means="provider",
    )
