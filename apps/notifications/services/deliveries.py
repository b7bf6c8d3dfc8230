"""What was not sent is tried again."""

import uuid

from django.db import transaction
from django.utils import timezone

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import Conflict, NotFound
from apps.events.services import publish
from apps.notifications.enums import DeliveryState, Reason
from apps.notifications.events import DeliveryRetried
from apps.notifications.handing_out import SENDING
from apps.notifications.models import Delivery
from apps.notifications.permissions import MANAGE_NOTIFICATIONS
from apps.tenants.agenda import agenda_note


@transaction.atomic
def delivery_retry(*, actor: Actor, delivery_id: uuid.UUID, note: str = "") -> Delivery:
    """Send once more, by itself, what failed, came back, or found no address.

    Not what somebody turned off. note: why, of staff. Locks it. Publishes notifications.delivery_retried.
    Raises PermissionDenied, NotFound, Conflict for what waits, was sent or is not wanted.
    """
    if not actor.is_platform:
        authorize(actor, MANAGE_NOTIFICATIONS)
    found = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("digest")
        .filter(id=delivery_id)
        .first()
    )
    if found is None:
        raise NotFound
    if not found.can_retry:
        raise Conflict(
            "It is on its way, was sent, or is not wanted: there is nothing to try again."
        )
    was = (
        DeliveryState.BOUNCED.value if found.shown_state == DeliveryState.BOUNCED else found.reason
    )
    now = timezone.now()
    found.state, found.reason, found.digest = DeliveryState.PENDING, Reason.WORKSPACE, None
    found.due_at, found.attempts, found.error = now, 0, ""
    found.provider = found.provider_key = ""
    found.sent_at = found.arrived_at = None
    found.save()
    publish(
        DeliveryRetried(
            delivery_id=found.id,
            notification_id=found.notification_id,
            member_id=found.member_id,
            channel=found.channel,
            reason=was,
            note=note,
        ),
        actor=actor,
    )
    agenda_note(SENDING, now)
    return found
