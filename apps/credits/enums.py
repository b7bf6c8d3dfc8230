import uuid

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class AccountKind(TextChoices):
    """WALLET: what the tenant has and did not allocate. BUDGET: what an organization was allocated.

    The others are the other side of each entry: where credits come from, and where they go. They keep no
    balance of their own; it is the sum of their entries.
    """

    WALLET = "wallet", _("Wallet")
    BUDGET = "budget", _("Budget")
    HELD = "held", _("Held")
    GRANTS = "grants", _("Granted")
    SALES = "sales", _("Sold")
    USAGE = "usage", _("Used")
    BREAKAGE = "breakage", _("Expired")
    ADJUSTMENTS = "adjustments", _("Adjusted")


# Of the accounts that every tenant has one of, the same in each: budgets have ids of their own.
ACCOUNT_IDS = {
    kind: uuid.UUID(int=number)
    for number, kind in enumerate((k for k in AccountKind if k != AccountKind.BUDGET), start=1)
}
WALLET_ID = ACCOUNT_IDS[AccountKind.WALLET]
HELD_ID = ACCOUNT_IDS[AccountKind.HELD]
GRANTS_ID = ACCOUNT_IDS[AccountKind.GRANTS]
SALES_ID = ACCOUNT_IDS[AccountKind.SALES]
USAGE_ID = ACCOUNT_IDS[AccountKind.USAGE]
BREAKAGE_ID = ACCOUNT_IDS[AccountKind.BREAKAGE]
ADJUSTMENTS_ID = ACCOUNT_IDS[AccountKind.ADJUSTMENTS]
# They keep neither balance nor lots.
COUNTER_IDS = frozenset(ACCOUNT_IDS.values()) - {WALLET_ID}


class GrantSource(TextChoices):
    PLAN = "plan", _("Plan")
    PURCHASE = "purchase", _("Purchase")
    PROMOTION = "promotion", _("Promotion")
    ADJUSTMENT = "adjustment", _("Adjustment")
    REFUND = "refund", _("Refund")
    ROLLOVER = "rollover", _("Rollover")


class GrantState(TextChoices):
    """USED: nothing is left of it. Not kept, but what its times and lots say."""

    ACTIVE = "active", _("Active")
    COMING = "coming", _("Begins later")
    USED = "used", _("Used up")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Revoked")


class TransactionKind(TextChoices):
    GRANT = "grant", _("Grant")
    DEBIT = "debit", _("Debit")
    HOLD = "hold", _("Hold")
    CAPTURE = "capture", _("Capture")
    RELEASE = "release", _("Release")
    REFUND = "refund", _("Refund")
    EXPIRY = "expiry", _("Expiry")
    ROLLOVER = "rollover", _("Rollover")
    REVOCATION = "revocation", _("Revocation")
    ADJUSTMENT = "adjustment", _("Adjustment")
    ALLOCATION = "allocation", _("Allocation")
    DEALLOCATION = "deallocation", _("Return")


class HoldState(TextChoices):
    """CLOSED: all of it is captured or released. EXPIRED: its time was over first."""

    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")
    EXPIRED = "expired", _("Expired")


class BudgetPeriod(TextChoices):
    MONTH = "month", _("Each month")
    QUARTER = "quarter", _("Each quarter")
    NONE = "none", _("Without a period")


class CapPeriod(TextChoices):
    DAY = "day", _("A day")
    MONTH = "month", _("A month")
    QUARTER = "quarter", _("A quarter")


class AdjustmentState(TextChoices):
    PENDING = "pending", _("Waiting")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("Declined")


class Notice(TextChoices):
    """What is told by mail to who looks after the credits; the name of its templates."""

    BALANCE_LOW = "balance_low"
    FORECAST_SHORT = "forecast_short"
    TOP_UP_PAUSED = "top_up_paused"
    TOP_UP_CAPPED = "top_up_capped"
