from django.db import models
from django.utils.translation import gettext_lazy as _


class Interval(models.TextChoices):
    """How often a price is paid."""

    MONTH = "month", _("Monthly")
    YEAR = "year", _("Yearly")


class StripeEventState(models.TextChoices):
    PENDING = "pending", _("Pending")
    DONE = "done", _("Done")
    DEAD = "dead", _("Failed")
    DISCARDED = "discarded", _("Discarded")


class SubscriptionStatus(models.TextChoices):
    """Stripe's."""

    INCOMPLETE = "incomplete", _("Incomplete")
    INCOMPLETE_EXPIRED = "incomplete_expired", _("Incomplete, expired")
    TRIALING = "trialing", _("Trial")
    ACTIVE = "active", _("Active")
    PAST_DUE = "past_due", _("Past due")
    UNPAID = "unpaid", _("Unpaid")
    CANCELED = "canceled", _("Canceled")
    PAUSED = "paused", _("Paused")


class Standing(models.TextChoices):
    """What a subscription means for the tenant. docs/billing.md has the chart."""

    INCOMPLETE = "incomplete", _("Waits for the first payment")
    TRIAL = "trial", _("Trial")
    ACTIVE = "active", _("Active")
    GRACE = "grace", _("Payment failed")
    RESTRICTED = "restricted", _("Restricted")
    SUSPENDED = "suspended", _("Suspended")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


class Notice(models.TextChoices):
    """What is told by mail to who pays; the name of its templates."""

    TRIAL_ENDS = "trial_ends"
    PAYMENT_FAILED = "payment_failed"
    RESTRICTED = "restricted"
    SUSPENDED = "suspended"
    RECOVERED = "recovered"
    ENDED = "ended"
    PAUSED = "paused"
    RESUMED = "resumed"


class PurchaseState(models.TextChoices):
    """Of packs of credits. OPEN: nobody knows yet. FAILED: nothing is charged."""

    OPEN = "open", _("Open")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")
