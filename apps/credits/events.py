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


@event("credits.alert_changed", version=1, scope="billing", aggregate="account_id")
class AlertChanged(Event):
    """below_microcredits: what the account is low below; None: it never is."""

    account_id: uuid.UUID
    organization_id: uuid.UUID | None
    below_microcredits: int | None


@event("credits.balance_low_reached", version=1, scope="billing", aggregate="account_id")
class BalanceLow(Event):
    """The balance fell below what somebody wants to be told of. Once for each time.

    organization_id: of a budget; None: the wallet.
    """

    account_id: uuid.UUID
    organization_id: uuid.UUID | None
    balance_microcredits: int
    below_microcredits: int
    low_at: datetime


@event("credits.balance_end_neared", version=1, scope="billing", aggregate="account_id")
class ForecastShort(Event):
    """At the rate of the last 14 days the credits last until then, which is soon. Told once."""

    account_id: uuid.UUID
    balance_microcredits: int
    a_day_microcredits: int
    lasts_until: datetime
