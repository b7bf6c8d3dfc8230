"""The life of a subscription: what its state at Stripe, and time, mean for the tenant. Pure; the chart is in
docs/billing.md.

Stripe tries a failed payment again by its own schedule. What the platform does meanwhile is told here: for
GRACE_DAYS nothing changes but mails, then the plan is taken away and its limits with it, then the
workspace is closed. A payment brings everything back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.billing.enums import Notice, Standing, SubscriptionStatus

GRACE_DAYS = 7
RESTRICTED_DAYS = 14

# In these the tenant has the plan that it pays for.
WITH_PLAN = (Standing.TRIAL, Standing.ACTIVE, Standing.GRACE)
OWING = (SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID)
# In these it can be changed at Stripe.
LIVING = (
    SubscriptionStatus.TRIALING,
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.PAUSED,
    *OWING,
)
# What is told by mail of a standing, while it lasts.
TOLD = {
    Standing.GRACE: Notice.PAYMENT_FAILED,
    Standing.RESTRICTED: Notice.RESTRICTED,
    Standing.SUSPENDED: Notice.SUSPENDED,
    Standing.ENDED: Notice.ENDED,
    Standing.PAUSED: Notice.PAUSED,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """changes_at: when time alone makes it another; None: it does not."""

    standing: Standing
    changes_at: datetime | None = None


def verdict(
    status: SubscriptionStatus, *, is_paused: bool, unpaid_since: datetime | None, now: datetime
) -> Verdict:
    """unpaid_since: set where the status is of OWING."""
    S = SubscriptionStatus  # noqa: N806 - for the eye
    match status:
        case S.INCOMPLETE:
            return Verdict(Standing.INCOMPLETE)
        case S.INCOMPLETE_EXPIRED | S.CANCELED:
            return Verdict(Standing.ENDED)
        case S.PAUSED:
            return Verdict(Standing.PAUSED)
        case S.PAST_DUE | S.UNPAID:
            return _owing(unpaid_since or now, now)
    if is_paused:
        return Verdict(Standing.PAUSED)
    return Verdict(Standing.TRIAL if status is S.TRIALING else Standing.ACTIVE)


def _owing(since: datetime, now: datetime) -> Verdict:
    restricted_at = since + timedelta(days=GRACE_DAYS)
    suspended_at = restricted_at + timedelta(days=RESTRICTED_DAYS)
    if now < restricted_at:
        return Verdict(Standing.GRACE, restricted_at)
    if now < suspended_at:
        return Verdict(Standing.RESTRICTED, suspended_at)
    return Verdict(Standing.SUSPENDED)


def notice_of(before: str, now: str) -> Notice | None:
    """What is told of a change of standing; before: empty where there was no subscription."""
    if now == Standing.ENDED and before in ("", Standing.INCOMPLETE):
        return None  # nothing had begun
    if (before, now) == (Standing.PAUSED, Standing.ACTIVE):
        return Notice.RESUMED
    if now in (Standing.ACTIVE, Standing.TRIAL):
        owed = (Standing.GRACE, Standing.RESTRICTED, Standing.SUSPENDED)
        return Notice.RECOVERED if before in owed else None
    return TOLD.get(Standing(now))


def is_so(notice: Notice, standing: str) -> bool:
    """Whether it is still true, and worth a mail."""
    match notice:
        case Notice.TRIAL_ENDS:
            return standing == Standing.TRIAL
        case Notice.RESUMED:
            return standing == Standing.ACTIVE
        case Notice.RECOVERED:
            return standing in (Standing.ACTIVE, Standing.TRIAL)
    return TOLD.get(Standing(standing)) is notice
