"""What was sent to whom, and why: for who manages notifications, and each member's own."""

import uuid
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.common.ids import parse_uuid
from apps.notifications.enums import DeliveryState
from apps.notifications.models import Delivery, InboxItem, Notification
from apps.notifications.permissions import MANAGE_NOTIFICATIONS
from apps.organizations.models import Member

# Of what goes with a digest, these are the digest's.
_OF_DIGEST = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.BOUNCED)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Empty, or None: any. kind: the code of a type."""

    kind: str = ""
    member_id: uuid.UUID | None = None
    channel: str = ""
    state: str = ""

    @property
    def is_about_deliveries(self) -> bool:
        return bool(self.member_id or self.channel or self.state)


def _authorize(actor: Actor) -> None:
    if not actor.is_platform:
        authorize(actor, MANAGE_NOTIFICATIONS)


def reader_for(actor: Actor, named: str) -> Member | None:
    """The member with this id or e-mail address. None: there is none. Raises PermissionDenied."""
    _authorize(actor)
    member_id = parse_uuid(named)
    is_named = Q(id=member_id) if member_id else Q(email__iexact=named)
    return Member.objects.filter(is_named).first()


def notifications_for(actor: Actor, wanted: LogFilter) -> QuerySet[Notification]:
    """Those of which something fits. Raises PermissionDenied."""
    _authorize(actor)
    rows = Notification.objects.all()
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.is_about_deliveries:
        rows = rows.filter(
            Exists(_matching(Delivery.objects.filter(notification=OuterRef("pk")), wanted))
        )
    return rows


def notification_for(actor: Actor, notification_id: uuid.UUID) -> Notification:
    """Raises PermissionDenied, NotFound."""
    _authorize(actor)
    found = Notification.objects.filter(id=notification_id).first()
    if found is None:
        raise NotFound
    return found


def deliveries_for(
    actor: Actor, wanted: LogFilter, notification_id: uuid.UUID | None = None
) -> QuerySet[Delivery]:
    """With their member, notification and digest. Raises PermissionDenied."""
    _authorize(actor)
    rows = Delivery.objects.select_related("member", "digest", "notification")
    if notification_id is not None:
        rows = rows.filter(notification_id=notification_id)
    if wanted.kind:
        rows = rows.filter(notification__kind=wanted.kind)
    return _matching(rows, wanted)


def delivery_for(actor: Actor, delivery_id: uuid.UUID) -> Delivery:
    """Raises PermissionDenied, NotFound."""
    found = deliveries_for(actor, LogFilter()).filter(id=delivery_id).first()
    if found is None:
        raise NotFound
    return found


def own_deliveries_for(actor: Actor, item: InboxItem) -> list[Delivery]:
    """How the actor was told of what is in their inbox. One statement."""
    rows = Delivery.objects.filter(
        member_id=item.member_id, notification_id=item.notification_id
    ).select_related("digest")
    return list(rows.order_by("channel")) if item.member_id == actor.member_id else []


def _matching(rows: QuerySet[Delivery], wanted: LogFilter) -> QuerySet[Delivery]:
    if wanted.member_id is not None:
        rows = rows.filter(member_id=wanted.member_id)
    if wanted.channel:
        rows = rows.filter(channel=wanted.channel)
    if wanted.state == DeliveryState.MERGED:
        rows = rows.filter(state=DeliveryState.MERGED).exclude(digest__state__in=_OF_DIGEST)
    elif wanted.state in _OF_DIGEST:
        is_digests = Q(state=DeliveryState.MERGED, digest__state=wanted.state)
        rows = rows.filter(Q(state=wanted.state) | is_digests)
    elif wanted.state:
        rows = rows.filter(state=wanted.state)
    return rows
