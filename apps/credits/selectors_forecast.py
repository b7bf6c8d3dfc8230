"""For how long the credits last, at the rate of late."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Sum
from django.utils import timezone

from apps.credits.models import SPENDABLE, Account, UsageDay

# The rate is that of these days, today among them.
DAYS = 14
# Whoever has enough for longer has enough.
FAR_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Forecast:
    """balance_microcredits: of the wallet and the budgets. a_day_microcredits: used a day of late.

    lasts_until: None: nothing was used, or it lasts for years. That grants expire is not reckoned with.
    """

    balance_microcredits: int
    a_day_microcredits: int
    lasts_until: datetime | None


def forecast_of(balance: int, used: int, now: datetime) -> Forecast:
    """used: in DAYS."""
    a_day = max(used, 0) // DAYS
    if used <= 0 or balance * DAYS > used * FAR_DAYS:
        return Forecast(balance, a_day, None)
    seconds = balance * DAYS * 86_400 // used
    return Forecast(balance, a_day, now + timedelta(seconds=seconds))


def forecast_now() -> Forecast:
    """Of the entered tenant. Two statements, however much was used."""
    now = timezone.now()
    since = now.astimezone(UTC).date() - timedelta(days=DAYS - 1)
    balances = Account.objects.filter(kind__in=SPENDABLE)
    balance = balances.aggregate(sum=Sum("balance_microcredits"))["sum"] or 0
    used = UsageDay.objects.filter(day__gte=since).aggregate(sum=Sum("used_microcredits"))
    return forecast_of(int(balance), int(used["sum"] or 0), now)
