"""What the platform earns by subscriptions, for staff: integers of the currency's smallest unit throughout.

Counted are the prices of plans, by their quantity. Add-ons, discounts, taxes, and what is given free of
charge are not.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Count, F, Q, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone
from djstripe.models import Invoice

from apps.billing.enums import Interval, Standing
from apps.billing.models import Subscription
from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.money import Money

PAYING = (Standing.ACTIVE, Standing.GRACE)
PAST_DUE = (Standing.GRACE, Standing.RESTRICTED, Standing.SUSPENDED)
CHURN_DAYS = 30
MONTHS = 12
MONTHS_A_YEAR = 12

# Every subscription that was ever paid for, from the copies of Stripe's: since when, until when, and what it
# is a year at the price that it has, or had at its end. A trial is no payment.
PAID = """
WITH paid AS (
    SELECT s.id, p.currency,
        p.amount_minor * coalesce((item->>'quantity')::bigint, 1)
            * CASE p.interval WHEN 'month' THEN 12 ELSE 1 END AS a_year_minor,
        to_timestamp(greatest((s.stripe_data->>'start_date')::bigint,
            coalesce((s.stripe_data->>'trial_end')::bigint, 0))) AS began_at,
        to_timestamp((s.stripe_data->>'ended_at')::bigint) AS ended_at
    FROM djstripe_subscription s
    JOIN billing_billingcustomer c ON c.stripe_id = s.customer_id
    LEFT JOIN billing_tenantplan t ON t.tenant_id = c.tenant_id
    CROSS JOIN LATERAL jsonb_array_elements(s.stripe_data->'items'->'data') AS item
    JOIN billing_price p ON p.stripe_price_id = item->'price'->>'id' AND p.plan_version_id IS NOT NULL
    WHERE s.stripe_data->>'status' NOT IN ('incomplete', 'incomplete_expired')
        AND NOT coalesce(t.is_comp, false)
), counted AS (
    SELECT * FROM paid WHERE began_at <= %(now)s AND (ended_at IS NULL OR ended_at > began_at)
)
"""
MOVED = """
SELECT month, currency, sum(gained_minor), sum(lost_minor) FROM (
    SELECT date_trunc('month', began_at AT TIME ZONE %(zone)s) AS month, currency,
        a_year_minor AS gained_minor, 0 AS lost_minor
    FROM counted WHERE began_at >= %(since)s
    UNION ALL
    SELECT date_trunc('month', ended_at AT TIME ZONE %(zone)s), currency, 0, a_year_minor
    FROM counted WHERE ended_at >= %(since)s AND ended_at <= %(now)s
) AS moves GROUP BY month, currency ORDER BY month DESC, currency
"""
CHURN = """
SELECT count(*), count(*) FILTER (WHERE ended_at <= %(now)s)
FROM counted WHERE began_at < %(since)s AND (ended_at IS NULL OR ended_at >= %(since)s)
"""


@dataclass(frozen=True, slots=True)
class PlanRevenue:
    """What the tenants of a plan pay in one currency."""

    plan: str
    tenants: int
    a_year: Money

    @property
    def a_month(self) -> Money:
        return monthly(self.a_year)


@dataclass(frozen=True, slots=True)
class Churn:
    """Of those that were paid for at the beginning of the time, how many ended in it."""

    at_start: int
    ended: int

    @property
    def per_mille(self) -> int | None:
        """None: nobody was there to go."""
        return (1000 * self.ended + self.at_start // 2) // self.at_start if self.at_start else None


@dataclass(frozen=True, slots=True)
class Move:
    """What began and what ended in a month, as a month's price. month: its first day."""

    month: date
    gained: Money
    lost: Money


@dataclass(frozen=True, slots=True)
class Revenue:
    """standings: how many tenants are in each. unpriced: pay a price that the catalogue does not know, so it
    is not counted. owed: by those past due, in each currency.
    """

    plans: Sequence[PlanRevenue]
    standings: dict[Standing, int]
    unpriced: int
    owed: Sequence[Money]
    churn: Churn
    moves: Sequence[Move]
    a_year: Sequence[Money]

    @property
    def a_month(self) -> list[Money]:
        return [monthly(one) for one in self.a_year]

    @property
    def tenants(self) -> int:
        return sum(one.tenants for one in self.plans)

    @property
    def past_due(self) -> int:
        return sum(self.standings.get(one, 0) for one in PAST_DUE)


def monthly(a_year: Money) -> Money:
    """A twelfth, to the nearest unit. Of sums: what is rounded is not added up."""
    return Money((a_year.amount_minor + MONTHS_A_YEAR // 2) // MONTHS_A_YEAR, a_year.currency)


@system_connection()
def revenue(actor: Actor) -> Revenue:
    """As of now. Five statements, however many tenants there are. Raises PermissionDenied."""
    require_platform(actor)
    now = timezone.now()
    plans = _plans()
    sums: dict[str, int] = defaultdict(int)
    for one in plans:
        sums[one.a_year.currency] += one.a_year.amount_minor
    counts = list(
        Subscription.objects.order_by()
        .values_list("standing")
        .annotate(count=Count("id"), unpriced=Count("id", filter=Q(price=None)))
    )
    return Revenue(
        plans=plans,
        standings={Standing(standing): count for standing, count, _unpriced in counts},
        unpriced=sum(unpriced for standing, _count, unpriced in counts if standing in PAYING),
        owed=_owed(),
        churn=_churn(now),
        moves=_moves(now),
        a_year=[Money(amount, currency) for currency, amount in sorted(sums.items())],
    )


def _plans() -> list[PlanRevenue]:
    a_year = F("price__amount_minor") * Cast("quantity", BigIntegerField())
    rows = (
        _charged()
        .filter(standing__in=PAYING, price__isnull=False, price__amount_minor__gt=0)
        .order_by("price__plan_version__plan__position", "price__plan_version__plan__name")
        .values_list("price__plan_version__plan__name", "price__currency")
        .annotate(
            tenants=Count("id"),
            monthly=Coalesce(Sum(a_year, filter=Q(price__interval=Interval.MONTH)), 0),
            yearly=Coalesce(Sum(a_year, filter=Q(price__interval=Interval.YEAR)), 0),
        )
    )
    return [
        PlanRevenue(plan, tenants, Money(int(by_month) * MONTHS_A_YEAR + int(by_year), currency))
        for plan, currency, tenants, by_month, by_year in rows
    ]


def _charged() -> QuerySet[Subscription]:
    """Without tenants whose plan is given."""
    return Subscription.objects.exclude(tenant__assigned_plan__is_comp=True)


def _owed() -> list[Money]:
    """What is open of the invoices of tenants that are past due."""
    customers = Subscription.objects.filter(standing__in=PAST_DUE).values(
        "tenant__billing_customer__stripe_id"
    )
    rows: Any = (
        Invoice.objects.filter(customer__in=customers, stripe_data__status="open")
        .order_by()
        .annotate(owed_in=KT("stripe_data__currency"))
        .values_list("owed_in")
        .annotate(amount=Sum(Cast(KT("stripe_data__amount_remaining"), BigIntegerField())))
    )
    return [Money(int(amount), currency.upper()) for currency, amount in sorted(rows) if amount]


def _churn(now: datetime) -> Churn:
    with connection.cursor() as cursor:
        cursor.execute(PAID + CHURN, {"now": now, "since": now - timedelta(days=CHURN_DAYS)})
        at_start, ended = cursor.fetchone()
    return Churn(at_start, ended)


def _moves(now: datetime) -> list[Move]:
    """Months in the reader's time zone, this one too, newest first; only those in which something moved."""
    zone = timezone.get_current_timezone()
    this = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    back = this.year * 12 + this.month - MONTHS
    since = this.replace(year=back // 12, month=back % 12 + 1)
    with connection.cursor() as cursor:
        cursor.execute(PAID + MOVED, {"now": now, "since": since, "zone": str(zone)})
        rows = cursor.fetchall()
    return [
        Move(
            month.date(),
            monthly(Money(int(gained), currency)),
            monthly(Money(int(lost), currency)),
        )
        for month, currency, gained, lost in rows
    ]
