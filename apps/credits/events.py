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


@event("credits.budget_changed", version=1, scope="billing", aggregate="budget_id")
class BudgetChanged(Event):
    """Made, or changed. from_x: None where there was none. moved_microcredits: allocated by it at once; below
    0 for what was given back.
    """

    budget_id: uuid.UUID
    organization_id: uuid.UUID
    from_amount_microcredits: int | None
    to_amount_microcredits: int
    from_period: str | None
    to_period: str
    from_hard: bool | None
    to_hard: bool
    moved_microcredits: int


@event("credits.budget_closed", version=1, scope="billing", aggregate="budget_id")
class BudgetClosed(Event):
    """returned_microcredits: what was left in it, and is in the account above now."""

    budget_id: uuid.UUID
    organization_id: uuid.UUID
    returned_microcredits: int


@event("credits.budget_renewed", version=1, scope="billing", aggregate="budget_id")
class BudgetRenewed(Event):
    """A period began. moved_microcredits: from the account above; below 0 for what was given back."""

    budget_id: uuid.UUID
    organization_id: uuid.UUID
    allocated_microcredits: int
    moved_microcredits: int


@event("credits.budget_underfunded", version=1, scope="billing", aggregate="budget_id")
class BudgetUnderfunded(Event):
    """A period began, and the account above had not enough for it."""

    budget_id: uuid.UUID
    organization_id: uuid.UUID
    amount_microcredits: int
    missing_microcredits: int


@event("credits.budget_transferred", version=1, scope="billing", aggregate="transaction_id")
class BudgetTransferred(Event):
    """From one organization's budget to another's; the workspace's own is the wallet."""

    transaction_id: uuid.UUID
    from_organization_id: uuid.UUID
    to_organization_id: uuid.UUID
    amount_microcredits: int


@event("credits.spending_cap_changed", version=1, scope="billing", aggregate="member_id")
class SpendingCapChanged(Event):
    """from_x, to_x: None where there was, or is, none."""

    member_id: uuid.UUID
    from_amount_microcredits: int | None
    to_amount_microcredits: int | None
    from_period: str | None
    to_period: str | None


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
