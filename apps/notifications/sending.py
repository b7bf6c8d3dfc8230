"""Hands what is due to the providers, each once, whoever dies meanwhile.

A worker takes one, which it has for NOTIFICATIONS_LEASE_S; it sends it, and notes what came of it. One that
dies in between leaves it taken: whoever finds the lease over asks the provider whether it has it, and only
then sends it again. Where a provider cannot be asked (a mail server), it is sent again with the same Message-
ID.
"""

from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from apps.messaging.errors import CannotTell, Refused, Suppressed, Unavailable
from apps.messaging.senders import Sent
from apps.notifications.channels import ChannelAdapter, Message, channel_of
from apps.notifications.enums import ChannelName, DeliveryState, Reason
from apps.notifications.messages import current_tenant, message_of
from apps.notifications.models import Delivery
from apps.tenants.models import Tenant

log = structlog.get_logger(__name__)

S = DeliveryState
# 30 s doubling to an hour: about a day.
FIRST_PAUSE_S, LONGEST_PAUSE_S, MAX_ATTEMPTS = 30, 3600, 30

_TAKE = """
UPDATE notifications_delivery SET state = 'sending', attempts = attempts + 1, updated_at = now(),
    lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
WHERE id = (
    SELECT id FROM notifications_delivery WHERE channel = %(channel)s AND {condition}
    LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING *
"""
_TAKE_LEFT = _TAKE.format(
    condition="state = 'sending' AND lease_until < clock_timestamp() ORDER BY lease_until"
)
_TAKE_DUE = _TAKE.format(
    condition="state = 'pending' AND due_at <= clock_timestamp() ORDER BY due_at"
)


def send_due(channel: ChannelName, *, at_most: int) -> bool:
    """Send up to so many by a channel; whether more may be due.

    Not inside a transaction. Two statements each, besides those that the words of it take.
    """
    tenant = current_tenant()
    for _number in range(at_most):
        row = _take(channel)
        if row is None:
            return False
        _send(tenant, row)
    return True


def _take(channel: ChannelName) -> Delivery | None:
    """The next one: first what a worker left that died."""
    values = {"channel": channel.value, "lease_s": settings.NOTIFICATIONS_LEASE_S}
    for statement in (_TAKE_LEFT, _TAKE_DUE):
        for row in Delivery.objects.raw(statement, values):
            return row
    return None


def _send(tenant: Tenant, row: Delivery) -> None:
    if row.attempts > MAX_ATTEMPTS:
        # Each of them ended its worker.
        _note(row, state=S.FAILED, reason=Reason.GIVEN_UP, error=row.error)
        return
    adapter = channel_of(row.channel)
    message = message_of(row, tenant)
    if adapter is None or message is None:
        _note(row, state=S.SKIPPED, reason=Reason.GONE)
        return
    try:
        # Who died, or waited in vain for an answer, may have sent it.
        sent = _sent_already(adapter, message) if row.attempts > 1 else None
        sent = sent or adapter.send(message)
    except Suppressed as error:
        _note(row, state=S.SKIPPED, reason=Reason.SUPPRESSED, error=error.reason)
    except Refused as error:
        _note(row, state=S.FAILED, reason=Reason.REFUSED, error=error.detail)
    except Unavailable as error:
        _later(row, error)
    else:
        _note(
            row,
            state=S.SENT,
            provider=sent.provider,
            provider_key=sent.provider_message_id,
            sent_at=timezone.now(),
            error="",
        )


def _sent_already(adapter: ChannelAdapter, message: Message) -> Sent | None:
    try:
        return adapter.find(message)
    except CannotTell:
        log.info("notifications.sent_again", delivery_id=str(message.id))
        return None


def _later(row: Delivery, error: Unavailable) -> None:
    """Nobody could take it now."""
    if row.attempts >= MAX_ATTEMPTS:
        _note(row, state=S.FAILED, reason=Reason.GIVEN_UP, error=str(error))
        return
    pause_s = min(FIRST_PAUSE_S * 2 ** min(row.attempts - 1, 10), LONGEST_PAUSE_S)
    due_at = timezone.now() + timedelta(seconds=max(pause_s, error.retry_after_s))
    _note(row, state=S.PENDING, due_at=due_at, error=str(error))


def _note(row: Delivery, **values: Any) -> None:
    """What came of it, if it is still this worker's. One statement."""
    values["error"] = values.get("error", "")[:500]
    mine = Delivery.objects.filter(id=row.id, state=S.SENDING, attempts=row.attempts)
    mine.update(lease_until=None, updated_at=Now(), **values)
