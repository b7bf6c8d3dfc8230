"""What providers tell of messages takes effect: once, in whatever order they tell it."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.events.services import publish
from apps.messaging.enums import Channel, SuppressionReason, Tracked
from apps.messaging.events import EmailTracked, SmsTracked
from apps.messaging.models import TrackedEvent
from apps.messaging.suppressions import suppress, suppression_end

# Longer than any provider repeats what it told: SendGrid for a day, Mailgun for eight hours.
KEEP_DAYS = 7
PRUNE_BATCH = 1000
REASON_CHARS = 300
KEY_CHARS, NONCE_CHARS = 200, 100
ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+|\+\d{7,15}")
REMEMBER = (
    "INSERT INTO messaging_trackedevent (key, nonce, received_at) VALUES (%s, %s, %s) "
    "ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a provider told.

    key: the provider's own id of it. nonce: of its signature, where that does not cover what it says.
    suppress: why nothing is to be sent to the address from now on. is_hard: it will be the same next time.
    """

    key: str
    channel: Channel
    provider: str
    kind: Tracked
    address: str
    message_id: str
    tenant_id: uuid.UUID | None
    delivery_id: uuid.UUID | None
    reason: str
    is_hard: bool
    suppress: SuppressionReason | None
    occurred_at: datetime
    nonce: str | None = None


@system_connection()
@transaction.atomic
def track(told: Told) -> bool:
    """Publish it and keep the suppression list; whether it was new. One transaction.

    Publishes messaging.email_tracked or sms_tracked, messaging.address_suppressed or suppression_lifted.
    Who tells the same at the same time waits for the other, and then has nothing to do.
    """
    actor = Actor.system(told.provider)
    if not remember(told.provider, told.key, told.nonce):
        return False
    event = EmailTracked if told.channel is Channel.EMAIL else SmsTracked
    publish(
        event(
            message_id=told.message_id,
            delivery_id=told.delivery_id,
            kind=told.kind,
            provider=told.provider,
            reason=without_addresses(told.reason),
            is_hard=told.is_hard,
            occurred_at=told.occurred_at,
        ),
        actor=actor,
        tenant_id=told.tenant_id,
    )
    if told.suppress is not None:
        suppress(
            actor=actor,
            channel=told.channel,
            address=told.address,
            reason=told.suppress,
            provider=told.provider,
            since=told.occurred_at,
        )
    elif told.kind is Tracked.SUBSCRIBED:
        suppression_end(
            actor=actor, channel=told.channel, address=told.address, provider=told.provider
        )
    return True


def remember(provider: str, key: str, nonce: str | None = None) -> bool:
    """Whether it is heard for the first time; in the caller's transaction. One statement."""
    values = [f"{provider}:{key}"[:KEY_CHARS], nonce and nonce[:NONCE_CHARS], timezone.now()]
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER, values)
        return bool(cursor.rowcount)


def without_addresses(text: str) -> str:
    """A server's words, which events and the audit log keep, without whom they are about."""
    return ADDRESS.sub("…", text.replace("\0", ""))[:REASON_CHARS]


def tracked_events_prune(*, actor: Actor) -> int:
    """Forget what no provider tells again; returns how many. One transaction for each thousand."""
    require_platform(actor)
    old = TrackedEvent.objects.filter(received_at__lt=timezone.now() - timedelta(days=KEEP_DAYS))
    removed = 0
    while keys := list(old.values_list("key", flat=True)[:PRUNE_BATCH]):
        removed += TrackedEvent.objects.filter(key__in=keys).delete()[0]
    return removed
