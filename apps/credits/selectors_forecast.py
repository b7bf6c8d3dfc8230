"""For how long the credits of the entered tenant last, at the rate of late."""

from datetime import UTC, timedelta

from django.db.models import Sum
from django.utils import timezone

from apps.credits.forecast import WINDOW_DAYS, Forecast, forecast
from apps.credits.models import SPENDABLE, Account, UsageDay


def forecast_now() -> tuple[int, Forecast]:
    """What is in the wallet and the budgets (microcredits), and how long it lasts.

    Two statements, however much was used.
    """
    today = timezone.now().astimezone(UTC).date()
    balances = Account.objects.filter(kind__in=SPENDABLE)
    balance = int(balances.aggregate(sum=Sum("balance_microcredits"))["sum"] or 0)
    days = UsageDay.objects.filter(day__gte=today - timedelta(days=WINDOW_DAYS), day__lt=today)
    used = days.values("day").annotate(used=Sum("used_microcredits"))
    by_day = {row["day"]: int(row["used"]) for row in used.order_by("day")}
    return balance, forecast(balance, by_day, today=today)
