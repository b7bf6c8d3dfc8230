import uuid

from celery import shared_task

from apps.common.tasks import TenantTask, in_each_tenant, queue_in_batches
from apps.notifications import sending, turns
from apps.notifications.enums import ChannelName
from apps.notifications.handing_out import HANDING_OUT, SENDING, notification_hand_out
from apps.notifications.selectors_work import (
    handing_out_due,
    sending_due,
    unfinished,
    waiting_now,
)
from apps.notifications.upkeep import prune
from apps.tenants.agenda import agenda_due, agenda_settle
from apps.tenants.selectors import tenant_ids_ready

# Tenants of one sweep.
SWEEP_AT_MOST = 500
# So many that a task ends within its time limit, whatever a provider takes.
SENT_AT_ONCE = 25


@shared_task(base=TenantTask, name="notifications.hand_out")
def hand_out(*, tenant_id: str, notification_id: str) -> None:
    """Tell everybody of one notification, then send what goes out at once."""
    while not notification_hand_out(notification_id=uuid.UUID(notification_id)):
        pass
    agenda_settle(HANDING_OUT, handing_out_due)
    queue_sending(tenant_id)


def queue_sending(tenant_id: str) -> None:
    """As many workers for each channel as there is work for, and not yet. Two statements."""
    for channel, waiting in waiting_now().items():
        for slot in range(min(-(-waiting // SENT_AT_ONCE), turns.SLOTS)):
            if token := turns.turn_take(tenant_id, channel, slot):
                send_due.delay(tenant_id=tenant_id, channel=channel, slot=slot, token=token)


@shared_task(base=TenantTask, name="notifications.send_due")
def send_due(*, tenant_id: str, channel: str, slot: int, token: str) -> None:
    """Send what is due by a channel; another task goes on with what is left."""
    if not turns.turn_keep(tenant_id, channel, slot, token):
        return
    if sending.send_due(ChannelName(channel), at_most=SENT_AT_ONCE):
        send_due.delay(tenant_id=tenant_id, channel=channel, slot=slot, token=token)
        return
    turns.turn_end(tenant_id, channel, slot, token)
    agenda_settle(SENDING, sending_due)


@shared_task(name="notifications.sweep")
def sweep() -> None:
    """Queue the tenants where something is due: what a crash left, and what waited for its time."""
    for tenant_id in agenda_due(HANDING_OUT, SWEEP_AT_MOST):
        resume_handing_out.delay(tenant_id=str(tenant_id))
    for tenant_id in agenda_due(SENDING, SWEEP_AT_MOST):
        resume_sending.delay(tenant_id=str(tenant_id))


@shared_task(base=TenantTask, name="notifications.resume_handing_out")
def resume_handing_out(*, tenant_id: str) -> None:
    for notification_id in unfinished():
        hand_out.delay(tenant_id=tenant_id, notification_id=str(notification_id))
    agenda_settle(HANDING_OUT, handing_out_due)


@shared_task(base=TenantTask, name="notifications.resume_sending")
def resume_sending(*, tenant_id: str) -> None:
    queue_sending(tenant_id)
    agenda_settle(SENDING, sending_due)


@shared_task(name="notifications.prune")
def prune_notifications() -> None:
    """Queue all tenants."""
    queue_in_batches(prune_notifications_of, tenant_ids_ready())


@shared_task(name="notifications.prune_of")
def prune_notifications_of(tenant_ids: list[str]) -> None:
    """Forget what is old."""
    in_each_tenant(tenant_ids, prune)
