from apps.credits.models.accounts import (
    SPENDABLE,
    Account,
    Budget,
    Grant,
    Lot,
    SpendingCap,
)
from apps.credits.models.adjustments import AdjustmentRequest
from apps.credits.models.ledger import (
    Entry,
    Hold,
    HoldPart,
    Transaction,
    UsageDay,
)

__all__ = [
    "SPENDABLE",
    "Account",
    "AdjustmentRequest",
    "Budget",
    "Entry",
    "Grant",
    "Hold",
    "HoldPart",
    "Lot",
    "SpendingCap",
    "Transaction",
    "UsageDay",
]
