"""Hands what is due to the providers, each once, whoever dies meanwhile.

A worker takes one, which it has for NOTIFICATIONS_LEASE_S; it sends it, and notes what came of it. One that
dies in between leaves it taken, until the lease is over. Before it is sent a second time, the provider is
asked whether it has it. Where a provider cannot be asked (a mail server), it is sent again with the same
Message-ID. A digest is sent like a delivery.
"""

from collections import deque
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.messaging.errors import CannotTell, Refused, Suppressed, Unavailable
from apps.messaging.senders import Sent
from apps.notifications.channels import ChannelAdapter, Message, Skipped, channel_of
from apps.notifications.enums import ChannelName, DeliveryState, Reason
from apps.notifications.messages import current_tenant, message_of, quiet_until
from apps.notifications.models import Delivery, Digest
from apps.tenants.models import Tenant

log = structlog.get_logger(__name__)

S = DeliveryState
# 30 s doubling to an hour: about a day.
FIRST_PAUSE_S, LONGEST_PAUSE_S, MAX_ATTEMPTS = 30, 3600, 30

# What is sent by a channel: rows of these tables, in turns.
TABLES: dict[ChannelName, tuple[type[Delivery | Digest], ...]] = {
    ChannelName.EMAIL: (Delivery, Digest)
}

_TAKE = """
UPDATE {table} SET state = 'sending', attempts = attempts + 1, updated_at = now(),
    lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s)
WHERE id = (
    SELECT id FROM {table} WHERE channel = %(channel)s AND {condition}
    LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING *
"""
_LEFT = "state = 'sending' AND lease_until < clock_timestamp() ORDER BY lease_until"
_DUE = "state = 'pending' AND due_at <= clock_timestamp() ORDER BY due_at"


def send_due(channel: ChannelName, *, at_most: int) -> bool:
    """Send up to so many by a channel; whether more may be due.

    Not inside a transaction. Two statements each, besides those that the words of it take.
    """
    tenant = current_tenant()
    tables = deque(TABLES.get(channel, (Delivery,)))
    for _number in range(at_most):
        row = _take_next(tables, channel)
        if row is None:
            return False
        _send(tenant, row)
    return True


def _take_next(
    tables: deque[type[Delivery | Digest]], channel: ChannelName
) -> Delivery | Digest | None:
    """From the tables in turns; one that has nothing more is taken out of them."""
    while tables:
        row = _take(tables[0], channel)
        if row is not None:
            tables.rotate(-1)
            return row
        tables.popleft()
    return None


def _take(model: type[Delivery | Digest], channel: ChannelName) -> Delivery | Digest | None:
    """The next one: first what a worker left that died."""
    values = {"channel": channel.value, "lease_s": settings.NOTIFICATIONS_LEASE_S}
    for condition in (_LEFT, _DUE):
        statement = _TAKE.format(table=model._meta.db_table, condition=condition)
        for row in model.objects.raw(statement, values):
            return row
    return None


def _send(tenant: Tenant, row: Delivery | Digest) -> None:
    if row.attempts > MAX_ATTEMPTS:
        # Each of them ended its worker.
        _end(row, S.FAILED, Reason.GIVEN_UP, row.error)
        return
    adapter = channel_of(row.channel)
    message = message_of(row, tenant)
    if adapter is None or message is None:
        _end(row, S.SKIPPED, Reason.GONE)
        return
    try:
        # Who died, or waited in vain for an answer, may have sent it.
        sent = _sent_already(adapter, message) if row.attempts > 1 else None
        if sent is None and (until := quiet_until(message)):
            _wait(row, until)
            return
        sent = sent or adapter.send(message)
    except Skipped as error:
        _end(row, S.SKIPPED, error.reason, error.detail)
    except Suppressed as error:
        _end(row, S.SKIPPED, Reason.SUPPRESSED, error.reason)
    except Refused as error:
        _end(row, S.FAILED, Reason.REFUSED, error.detail)
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


def _later(row: Delivery | Digest, error: Unavailable) -> None:
    """Nobody could take it now."""
    if row.attempts >= MAX_ATTEMPTS:
        _end(row, S.FAILED, Reason.GIVEN_UP, str(error))
        return
    pause_s = min(FIRST_PAUSE_S * 2 ** min(row.attempts - 1, 10), LONGEST_PAUSE_S)
    due_at = timezone.now() + timedelta(seconds=max(pause_s, error.retry_after_s))
    _note(row, state=S.PENDING, due_at=due_at, error=str(error))


def _wait(row: Delivery | Digest, until: datetime) -> None:
    """Its time has come in quiet hours: they were chosen since, or it was tried for so long.

    That was no attempt; of a digest it counts, for one that was begun takes nothing more.
    """
    values: dict[str, Any] = {}
    if isinstance(row, Delivery):
        values = {"reason": Reason.QUIET_HOURS, "attempts": row.attempts - 1}
    _note(row, state=S.PENDING, due_at=until, error=row.error, **values)


@transaction.atomic
def _end(row: Delivery | Digest, state: DeliveryState, reason: Reason, error: str = "") -> None:
    """It is not sent. What goes with a digest shares its fate, and says why."""
    if isinstance(row, Delivery):
        _note(row, state=state, reason=reason, error=error)
    elif _note(row, state=state, error=error):
        merged = Delivery.objects.filter(digest=row, state=S.MERGED)
        merged.update(state=state, reason=reason, error=error[:500], updated_at=Now())


def _note(row: Delivery | Digest, **values: Any) -> bool:
    """What came of it, if it is still this worker's. One statement."""
    values["error"] = values.get("error", "")[:500]
    mine = type(row).objects.filter(id=row.id, state=S.SENDING, attempts=row.attempts)
    return bool(mine.update(lease_until=None, updated_at=Now(), **values))
