"""The figures of the overview. Twelve statements at most, however many rows there are."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from allauth.account.models import EmailAddress
from django.db import connection
from django.db.models import Count, Exists, Min, OuterRef, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.health import readiness
from apps.console.charts import Chart
from apps.events.enums import HandlingState
from apps.events.models import Handling, OutboxEvent
from apps.tenants.enums import TenantStatus as S
from apps.tenants.models import Tenant, TenantEvent

DAYS = 30
SAMPLE = 100
SHOWN = 6


@dataclass(frozen=True, slots=True)
class Provisioning:
    """Of the last `sample` tenants that became ready: from being asked for to ready, in seconds."""

    sample: int
    p50_s: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True)
class Outbox:
    """oldest_s: age of the oldest event that was not dispatched."""

    undispatched: int
    oldest_s: float | None
    pending: int
    dead: int


@dataclass(frozen=True, slots=True)
class People:
    total: int
    active: int
    verified: int
    staff: int
    signups_7_days: int

    @property
    def unverified(self) -> int:
        return self.total - self.verified


@dataclass(frozen=True, slots=True)
class Figures:
    tenants: list[tuple[str, str, int]]  # (status, label, count)
    tenants_total: int
    tenants_chart: Chart
    people: People
    signups_chart: Chart
    provisioning: Provisioning
    failed: list[Tenant]
    failed_count: int
    outbox: Outbox
    dead_letters: list[Handling]
    history: list[TenantEvent]
    health: list[tuple[str, bool]]


def figures() -> Figures:
    now = timezone.now()
    zone = timezone.get_current_timezone()
    counts = dict(Tenant.objects.order_by().values_list("status").annotate(Count("id")))
    return Figures(
        tenants=[(status, str(S(status).label), counts.get(status, 0)) for status in S.values],
        tenants_total=sum(counts.values()),
        tenants_chart=_per_day(Tenant.objects.all(), now, zone),
        people=_people(now),
        signups_chart=_per_day(Person.objects.all(), now, zone),
        provisioning=_provisioning(),
        failed=list(Tenant.objects.filter(status=S.FAILED).order_by("-updated_at")[:SHOWN]),
        failed_count=counts.get(S.FAILED, 0),
        outbox=_outbox(now),
        dead_letters=list(
            Handling.objects.filter(state=HandlingState.DEAD)
            .select_related("event")
            .order_by("-position")[:SHOWN]
        ),
        history=list(TenantEvent.objects.select_related("tenant")[: 2 * SHOWN]),
        health=[(name, state == "ok") for name, state in readiness().items()],
    )


def _per_day(rows: Any, now: datetime, zone: tzinfo) -> Chart:
    """New rows on each of the last 30 days, today included, in the reader's time zone."""
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    start = datetime.combine(days[0], datetime.min.time(), tzinfo=zone)
    found: dict[date, int] = dict(
        rows.filter(created_at__gte=start)
        .order_by()
        .annotate(day=TruncDate("created_at", tzinfo=zone))
        .values_list("day")
        .annotate(count=Count("id"))
    )
    return Chart([(day, found.get(day, 0)) for day in days])


def _people(now: datetime) -> People:
    verified = EmailAddress.objects.filter(
        user=OuterRef("pk"), email=OuterRef("email"), verified=True
    )
    return People(
        **Person.objects.annotate(is_verified=Exists(verified)).aggregate(
            total=Count("id"),
            active=Count("id", filter=Q(is_active=True)),
            verified=Count("id", filter=Q(is_verified=True)),
            staff=Count("id", filter=Q(is_staff=True, is_active=True)),
            signups_7_days=Count("id", filter=Q(created_at__gte=now - timedelta(days=7))),
        )
    )


def _provisioning() -> Provisioning:
    """Percentiles interpolate between neighbours (SQL:2003 percentile_cont)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY seconds)
            FROM (
                SELECT extract(epoch FROM ready_at - created_at) AS seconds
                FROM tenants_tenant WHERE ready_at IS NOT NULL
                ORDER BY ready_at DESC LIMIT %s
            ) AS latest
            """,
            [SAMPLE],
        )
        sample, percentiles = cursor.fetchone()
    p50_s, p95_s = percentiles or (None, None)
    return Provisioning(sample, p50_s, p95_s)


def _outbox(now: datetime) -> Outbox:
    waiting = OutboxEvent.objects.filter(dispatched_at=None).aggregate(
        count=Count("id"), oldest=Min("created_at")
    )
    states = Handling.objects.filter(
        state__in=[HandlingState.PENDING, HandlingState.DEAD]
    ).aggregate(
        pending=Count("id", filter=Q(state=HandlingState.PENDING)),
        dead=Count("id", filter=Q(state=HandlingState.DEAD)),
    )
    oldest = waiting["oldest"]
    return Outbox(
        undispatched=waiting["count"],
        oldest_s=(now - oldest).total_seconds() if oldest else None,
        pending=states["pending"],
        dead=states["dead"],
    )
