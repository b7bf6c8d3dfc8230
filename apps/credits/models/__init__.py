from apps.credits.models.accounts import (
    SPENDABLE,
    Account,
    Budget,
    Grant,
    Lot,
    SpendingCap,
)
from apps.credits.models.adjustments import AdjustmentRequest
from apps.credits.models.archive import Archive, CarriedEntry
from apps.credits.models.ledger import (
    Entry,
    Hold,
    HoldPart,
    Transaction,
    UsageDay,
)
from apps.credits.models.usage import UsageEvent

__all__ = [
    "SPENDABLE",
    "Account",
    "AdjustmentRequest",
    "Archive",
    "Budget",
    "CarriedEntry",
    "Entry",
    "Grant",
    "Hold",
    "HoldPart",
    "Lot",
    "SpendingCap",
    "Transaction",
    "UsageDay",
    "UsageEvent",
]
