"""What a delivery or a digest says, made when it is sent: in the words and to the address of that moment."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from apps.common.notifying import (
    NotificationType,
    Urgency,
    notification_categories,
    notification_type,
)
from apps.common.tenancy import require_tenant
from apps.notifications.audiences import Reader, readers_of
from apps.notifications.channels import Message, Part
from apps.notifications.content import Content, content_of
from apps.notifications.enums import DeliveryState
from apps.notifications.hours import quiet_end
from apps.notifications.models import Delivery, Digest, Notification, TemplateOverride
from apps.notifications.timing import hours_of
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_id

# More than that in one digest are counted, not shown.
SHOWN = 50
INBOX = "/notifications/"


def current_tenant() -> Tenant:
    """The entered one. One statement."""
    tenant = tenant_by_id(require_tenant().id)
    assert tenant is not None  # noqa: S101 - the task entered it just now
    return tenant


def message_of(row: Delivery | Digest, tenant: Tenant) -> Message | None:
    """None where the type is no more, the member has left, or a digest is empty. Five statements at most."""
    reader, language = None, "en"
    if row.member_id is not None:
        reader = _reader(row.member_id)
        if reader is None:
            return None
        language = reader.language
    count = 1
    if isinstance(row, Digest):
        notifications, count = _merged(row)
    else:
        notifications = [Notification.objects.get(id=row.notification_id)]
    parts = _parts(notifications, tenant, language)
    if not parts:
        return None
    first, since = parts[0], row.created_at
    if count <= SHOWN:
        count = len(parts)
    if count == 1:
        return Message(row.id, tenant, reader, first.kind, first.content, since)
    content = _of_several(count, tenant, language)
    return Message(row.id, tenant, reader, first.kind, content, since, parts, count)


def quiet_until(message: Message) -> datetime | None:
    """When the reader's quiet hours end, if it is to wait for that. One statement."""
    if message.reader is None or message.kind.urgency is Urgency.URGENT:
        return None
    hours = hours_of([message.reader]).get(message.reader.member_id)
    return quiet_end(hours, timezone.now()) if hours else None


def _reader(member_id: uuid.UUID) -> Reader | None:
    members = Member.objects.filter(id=member_id)
    readers = readers_of([one for one in members if one.is_active])
    return readers[0] if readers else None


def _merged(digest: Digest) -> tuple[list[Notification], int]:
    """Those that it shows, the newest first, and how many there are. Two statements at most."""
    rows = Delivery.objects.filter(digest=digest, state=DeliveryState.MERGED)
    found = list(rows.select_related("notification").order_by("-id")[: SHOWN + 1])
    count = len(found) if len(found) <= SHOWN else rows.count()
    return [one.notification for one in found[:SHOWN]], count


def _parts(
    notifications: Sequence[Notification], tenant: Tenant, language: str
) -> tuple[Part, ...]:
    """By category, in their order. One statement."""
    kinds: dict[str, NotificationType] = {}
    for one in notifications:
        if (kind := notification_type(one.kind)) is not None:
            kinds[one.kind] = kind
    rows = TemplateOverride.objects.filter(kind__in=kinds, language=language)
    own = {row.kind: row for row in rows}
    found = [
        (kind, content_of(kind, one, tenant, language, own.get(kind.code)))
        for one in notifications
        if (kind := kinds.get(one.kind)) is not None
    ]
    return tuple(
        Part(category, kind, content)
        for category in notification_categories()
        for kind, content in found
        if kind.category == category.code
    )


def _of_several(count: int, tenant: Tenant, language: str) -> Content:
    with override(language):
        title = ngettext(
            "%(count)s notification of %(tenant)s", "%(count)s notifications of %(tenant)s", count
        )
        return Content(
            title=title % {"count": count, "tenant": tenant.name},
            body="",
            action=_("Open the inbox"),
            url=tenant.url(INBOX),
        )
