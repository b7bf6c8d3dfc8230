"""One handler for each type of notification, registered once every app has declared its types.

And one for who leaves.
"""

import functools
from collections.abc import Sequence

from django.utils.module_loading import autodiscover_modules

from apps.common.notifying import NotificationType, notification_types
from apps.events.registry import Event, EventContext, subscribe
from apps.notifications import handlers_sms, handlers_tracking  # noqa: F401 - they subscribe
from apps.notifications.handing_out import notifications_note
from apps.notifications.services import push_devices_forget_member
from apps.notifications.tasks import hand_out
from apps.organizations.enums import MemberStatus
from apps.organizations.events import MemberStatusChanged


def _note(kind: NotificationType, given: Sequence[tuple[Event, EventContext]]) -> None:
    """Keep what people are to be told of, and queue who tells them. Two statements, for one or a batch."""
    ids = notifications_note(kind, given)
    tenant_id = given[0][1].tenant_id
    for notification_id in ids:
        hand_out.delay(tenant_id=str(tenant_id), notification_id=str(notification_id))


# Of all apps, also of those that are installed after this one.
autodiscover_modules("notifications")
for _kind in notification_types().values():
    subscribe(
        _kind.event,
        name=f"notifications.note_{_kind.code.replace('.', '_')}",
        takes_batches=True,
    )(functools.wraps(_note)(functools.partial(_note, _kind)))


@subscribe("organizations.member_status_changed", name="notifications.forget_push_devices")
def forget_push_devices(event: MemberStatusChanged, context: EventContext) -> None:
    """Who has left is sent nothing, and their browsers and phones are none of ours."""
    if event.status == MemberStatus.REMOVED:
        push_devices_forget_member(actor=context.actor, member_id=event.member_id)
