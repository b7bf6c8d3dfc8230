"""What becomes of credits when a workspace is copied for a sandbox: the same amounts, of nobody."""

from apps.credits.models import (
    Account,
    AdjustmentRequest,
    Archive,
    Budget,
    CarriedEntry,
    Entry,
    Grant,
    Hold,
    HoldPart,
    Lot,
    SpendingCap,
    Transaction,
    UsageDay,
    UsageEvent,
)
from apps.tenants.masking import Mask, register_left_out, register_masks

# What others call it: unique, so it stays so.
FOREIGN_KEY = Mask("left({hash}, 32)")


def register() -> None:
    register_masks(Account, kept=("kind", "organization_id"), frozen_reason=Mask.TEXT)
    register_masks(
        Grant,
        reference=FOREIGN_KEY,
        description=Mask.TEXT,
        kept=("source", "operations", "organization_ids"),
    )
    register_masks(Lot)
    register_masks(Budget, kept=("organization_id", "period", "period_start", "source_account_id"))
    register_masks(SpendingCap, kept=("member_id", "period", "period_start"))
    register_masks(
        Transaction,
        idempotency_key=FOREIGN_KEY,
        fingerprint=Mask.NEW_ID,
        actor_id=Mask.ID,
        details=Mask.JSON,
        kept=("kind", "organization_id", "member_id", "operation", "related_id", "actor_kind"),
    )
    register_masks(Entry)
    # Files are not copied: the copy has the sums.
    register_masks(CarriedEntry, kept=("kind",))
    register_left_out(Archive)
    register_masks(Hold, kept=("state", "organization_id", "member_id", "operation"))
    register_masks(HoldPart)
    register_masks(UsageDay, kept=("day", "organization_id", "member_id", "operation"))
    register_masks(
        UsageEvent, event_id=FOREIGN_KEY, fingerprint=Mask.NEW_ID, kept=("transaction_id",)
    )
    register_masks(
        AdjustmentRequest,
        requested_by=Mask.NEW_ID,
        decided_by=Mask.ID,
        reason=Mask.TEXT,
        decision_reason=Mask.TEXT,
        kept=("state",),
    )
