"""What became of messages, and what became of the list of whom nothing is sent to."""

import uuid
from datetime import datetime

from apps.events.registry import Event, event


@event("messaging.email_tracked", version=1, scope="system", aggregate="message_id")
class EmailTracked(Event):
    """A provider told of a mail. Of the tenant in the mail's metadata, or of none.

    message_id: its Message-ID. kind: a Tracked. reason: the provider's, for people. is_hard: it will be
    the same the next time. Providers tell in any order; occurred_at is by their clock.
    """

    message_id: str
    delivery_id: uuid.UUID | None
    kind: str
    provider: str
    reason: str
    is_hard: bool
    occurred_at: datetime


@event("messaging.sms_tracked", version=1, scope="system", aggregate="message_id")
class SmsTracked(Event):
    """As EmailTracked, for an SMS. message_id: the provider's. Without a time of the provider's."""

    message_id: str
    delivery_id: uuid.UUID | None
    kind: str
    provider: str
    reason: str
    is_hard: bool
    occurred_at: datetime


@event("messaging.address_suppressed", version=1, scope="system", aggregate="suppression_id")
class AddressSuppressed(Event):
    """Nothing is sent to an address from now on. provider: who told; empty: staff. note: theirs."""

    suppression_id: uuid.UUID
    channel: str
    reason: str
    provider: str
    note: str


@event("messaging.suppression_lifted", version=1, scope="system", aggregate="suppression_id")
class SuppressionLifted(Event):
    """The address may be written to again. provider: whose word it is (START); empty: staff's."""

    suppression_id: uuid.UUID
    channel: str
    provider: str
    note: str


@event("messaging.provider_reset", version=1, scope="system", aggregate="provider")
class ProviderReset(Event):
    """Somebody had a provider asked again, though it had failed too often."""

    provider: str
    note: str
