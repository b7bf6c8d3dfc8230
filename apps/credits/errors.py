"""What can go wrong with credits, as every edge shows it."""

from django.utils.translation import gettext_lazy as _

from apps.common.errors import Conflict, PlatformError


class InsufficientCredits(PlatformError):
    """There is not enough that may be spent there. Nothing was spent."""

    status = 402
    code = "insufficient_credits"
    title = _("Not enough credits")
    default_detail = _("There are not enough credits left for this.")


class SpendingCapReached(PlatformError):
    """The member may not spend so much more in this period. Nothing was spent."""

    status = 402
    code = "spending_cap_reached"
    title = _("Your spending cap is reached")
    default_detail = _(
        "This would be above what you may spend in this period. Ask who manages the budgets."
    )


class AccountFrozen(Conflict):
    code = "account_frozen"
    title = _("The account is frozen")
    default_detail = _("No credits can be spent from this account. Ask the support.")


class HoldClosed(Conflict):
    """All of it is captured or released, or its time is over."""

    code = "hold_closed"
    title = _("The hold is not open any more")
    default_detail = _("All of the hold is captured or released, or it has expired.")


class SecondPersonNeeded(Conflict):
    """Nobody adjusts so much alone. Nothing was changed."""

    code = "second_person_needed"
    title = _("A second person has to approve this")
    default_detail = _("This is more than one person may adjust alone.")


class AdjustmentDecided(Conflict):
    """It was approved or declined before, or its time is over."""

    code = "adjustment_decided"
    title = _("The adjustment does not wait any more")
    default_detail = _("It is approved or declined already, or nobody did so in time.")
