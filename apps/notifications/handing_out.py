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
from apps.notifications.audiences import Reader, audience_of, readers_of
from apps.notifications.digests import digests_open
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

    Locks the notification: of two at once one goes on where the other ended. Sixteen statements at most,
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
    readers = readers_of(found)
    _write(notification, readers, plan(kind, readers, now))
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


def _write(
    notification: Notification, readers: Sequence[Reader], planned: Sequence[Planned]
) -> None:
    items, deliveries = [], []
    digests = _digests(planned)
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
                    digest_id=digests.get((one.channel, one.member_id)),
                )
            )
        elif one.state != DeliveryState.SKIPPED:
            items.append(InboxItem(notification=notification, member_id=one.member_id))
    if items:
        InboxItem.objects.bulk_create(items, ignore_conflicts=True)
        told = {one.member_id for one in items}
        unread.changed([one.person_id for one in readers if one.member_id in told])
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    waiting = [
        one.due_at
        for one in planned
        if one.channel is not Channel.IN_APP and one.state != DeliveryState.SKIPPED
    ]
    if waiting:
        agenda_note(SENDING, min(waiting))


def _digests(planned: Sequence[Planned]) -> dict[tuple[Channel, uuid.UUID], uuid.UUID]:
    """With which each goes that goes with one. A statement for each channel at most."""
    due: dict[Channel, dict[uuid.UUID, datetime]] = {}
    for one in planned:
        if one.state == DeliveryState.MERGED:
            due.setdefault(one.channel, {})[one.member_id] = one.due_at
    return {
        (channel, member_id): digest_id
        for channel, due_at in due.items()
        for member_id, digest_id in digests_open(channel, due_at).items()
    }
