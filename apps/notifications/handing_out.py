"""From an event to a notification, and from that to inboxes and deliveries."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction
from django.utils import timezone

from apps.common.notifying import Channel, NotificationType, notification_type
from apps.events.registry import Event, EventContext, serialize
from apps.notifications import unread
from apps.notifications.audiences import audience_of, readers_of
from apps.notifications.enums import DeliveryState, Reason
from apps.notifications.models import Delivery, InboxItem, Notification
from apps.notifications.planning import Planned, plan
from apps.notifications.selectors_webhook import webhook_takes
from apps.notifications.selectors_work import LOST_AFTER
from apps.organizations.models import Member
from apps.tenants.agenda import agenda_note

log = structlog.get_logger(__name__)

# What a sweep looks for, should the task that does it at once be lost.
HANDING_OUT, SENDING = "notifications.hand_out", "notifications.send"
# So many members in one transaction.
AT_ONCE = 1000


def notifications_note(
    kind: NotificationType, given: Sequence[tuple[Event, EventContext]]
) -> list[uuid.UUID]:
    """Keep that people are to be told of these events; returns the ids of what is new.

    In the transaction of the handler. Once for each type and event. Two statements.
    """
    made = []
    for event, context in given:
        params = serialize(event)
        if kind.when is not None and not kind.when(params, context.actor):
            continue
        if kind.adds is not None:
            params |= kind.adds(params)
        made.append(
            Notification(
                kind=kind.code,
                event_id=context.event_id,
                params=params,
                actor_label=context.actor.label,
                actor_person_id=context.actor.person_id,
            )
        )
    if not made:
        return []
    Notification.objects.bulk_create(made, ignore_conflicts=True)
    agenda_note(HANDING_OUT, timezone.now() + LOST_AFTER)
    return [one.id for one in made]


@transaction.atomic
def notification_hand_out(*, notification_id: uuid.UUID) -> bool:
    """Write the inbox items and deliveries of the next AT_ONCE members; True when none are left.

    Locks the notification: of two at once one goes on where the other ended. Twelve statements at most,
    however many members.
    """
    notification = Notification.objects.select_for_update().filter(id=notification_id).first()
    if notification is None or notification.handed_out_at is not None:
        return True
    kind = notification_type(notification.kind)
    if kind is None:
        log.warning("notifications.unknown_type", kind=notification.kind)
        return _finish(notification, [])
    members = audience_of(kind, notification).order_by("id")
    if notification.reached_member_id is not None:
        members = members.filter(id__gt=notification.reached_member_id)
    found = list(members[:AT_ONCE])
    now = timezone.now()
    if notification.reached_member_id is None and Channel.WEBHOOK in kind.possible:
        _to_webhook(notification, kind, now)
    planned = plan(kind, readers_of(found), now)
    _write(notification, planned)
    if len(found) < AT_ONCE:
        return _finish(notification, found)
    notification.reached_member_id = found[-1].id
    notification.member_count += len(found)
    notification.save(update_fields=["reached_member_id", "member_count", "updated_at"])
    return False


def _finish(notification: Notification, found: Sequence[Member]) -> bool:
    notification.handed_out_at = timezone.now()
    notification.member_count += len(found)
    notification.save(update_fields=["handed_out_at", "member_count", "updated_at"])
    return True


def _to_webhook(notification: Notification, kind: NotificationType, now: datetime) -> None:
    """The workspace's own webhook gets each once, whomever else it is for."""
    if not webhook_takes(kind.category):
        return
    row = Delivery(
        notification=notification,
        member_id=None,
        channel=Channel.WEBHOOK,
        reason=Reason.WORKSPACE,
        due_at=now,
    )
    Delivery.objects.bulk_create([row], ignore_conflicts=True)
    agenda_note(SENDING, now)


def _write(notification: Notification, planned: Sequence[Planned]) -> None:
    items, deliveries = [], []
    for one in planned:
        if one.channel is not Channel.IN_APP:
            deliveries.append(
                Delivery(
                    notification=notification,
                    member_id=one.member_id,
                    channel=one.channel,
                    state=one.state,
                    reason=one.reason,
                    due_at=one.due_at,
                )
            )
        elif one.state != DeliveryState.SKIPPED:
            items.append(InboxItem(notification=notification, member_id=one.member_id))
    if items:
        InboxItem.objects.bulk_create(items, ignore_conflicts=True)
        unread.changed()
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    waiting = [one.due_at for one in planned if one.state == DeliveryState.PENDING]
    if waiting:
        agenda_note(SENDING, min(waiting))
