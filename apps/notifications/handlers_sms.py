"""What the provider of text messages tells of them."""

from typing import Any

from django.db.models.functions import Now

from apps.events.registry import EventContext, subscribe
from apps.messaging.enums import Tracked
from apps.messaging.events import SmsTracked
from apps.notifications.enums import ChannelName
from apps.notifications.enums import DeliveryState as S
from apps.notifications.models import Delivery

# What becomes of a delivery, and of which states: whatever comes late, or twice, changes nothing.
FOLLOWED = {
    Tracked.DELIVERED: (S.DELIVERED, (S.SENDING, S.SENT)),
    Tracked.BOUNCED: (S.BOUNCED, (S.SENDING, S.SENT)),
    Tracked.FAILED: (S.FAILED, (S.SENDING, S.SENT)),
    Tracked.REJECTED: (S.FAILED, (S.SENDING, S.SENT)),
}


@subscribe("messaging.sms_tracked", name="notifications.note_sms_tracked")
def note_sms_tracked(event: SmsTracked, context: EventContext) -> None:
    """One statement."""
    followed = FOLLOWED.get(Tracked(event.kind))
    if followed is None or event.delivery_id is None:
        return
    state, before = followed
    rows = Delivery.objects.filter(id=event.delivery_id, channel=ChannelName.SMS, state__in=before)
    values: dict[str, Any] = {"state": state, "lease_until": None, "provider": event.provider}
    if state == S.DELIVERED:
        values["arrived_at"] = event.occurred_at
    else:
        values["error"] = event.reason[:500]
    rows.update(provider_key=event.message_id, updated_at=Now(), **values)
