"""What happens to credits. Spending is no event: the ledger itself says it, to whoever reads it on."""

import uuid
from datetime import datetime

from apps.events.registry import Event, event


@event("credits.granted", version=1, scope="billing", aggregate="grant_id")
class Granted(Event):
    grant_id: uuid.UUID
    source: str
    amount_microcredits: int
    expires_at: datetime | None


@event("credits.grant_expired", version=1, scope="billing", aggregate="grant_id")
class GrantExpired(Event):
    """amount_microcredits: what is lost. rolled_over_microcredits: what goes on, in the grant rolled_into."""

    grant_id: uuid.UUID
    amount_microcredits: int
    rolled_over_microcredits: int
    rolled_into: uuid.UUID | None


@event("credits.grant_revoked", version=1, scope="billing", aggregate="grant_id")
class GrantRevoked(Event):
    """amount_microcredits: what was left, and was taken back."""

    grant_id: uuid.UUID
    amount_microcredits: int
    reason: str


@event("credits.adjusted", version=1, scope="billing", aggregate="transaction_id")
class Adjusted(Event):
    """By staff. amount_microcredits: below 0 for what was taken."""

    transaction_id: uuid.UUID
    account_id: uuid.UUID
    amount_microcredits: int
    reason: str


@event("credits.refunded", version=1, scope="billing", aggregate="transaction_id")
class Refunded(Event):
    """What was spent is there again, in whole or in part."""

    transaction_id: uuid.UUID
    refunded_transaction_id: uuid.UUID
    amount_microcredits: int
    reason: str


@event("credits.account_frozen", version=1, scope="billing", aggregate="account_id")
class FrozenChanged(Event):
    """is_frozen: whether nothing can be spent from it from now on."""

    account_id: uuid.UUID
    is_frozen: bool
    reason: str


@event("credits.adjustment_requested", version=1, scope="billing", aggregate="request_id")
class AdjustmentRequested(Event):
    """By staff, of a second person. amount_microcredits: below 0 for what is to be taken."""

    request_id: uuid.UUID
    account_id: uuid.UUID
    amount_microcredits: int
    reason: str


@event("credits.adjustment_approved", version=1, scope="billing", aggregate="request_id")
class AdjustmentApproved(Event):
    """What was asked for is done, by transaction_id, which is published as adjusted, too."""

    request_id: uuid.UUID
    transaction_id: uuid.UUID
    amount_microcredits: int
    reason: str


@event("credits.adjustment_declined", version=1, scope="billing", aggregate="request_id")
class AdjustmentDeclined(Event):
    request_id: uuid.UUID
    amount_microcredits: int
    reason: str
