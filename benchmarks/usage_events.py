"""Usage events in calls of 1,000, against a bare INSERT of the same rows on the same server."""

import statistics
import time
import uuid
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.common.tenancy import tenant_context
from apps.credits.enums import GrantSource
from apps.credits.operations import Operation, Rate, Tier, register_operations
from apps.credits.services import grant_create, usage_ingest
from apps.credits.services.ingestion import CLAIM, EventStatus
from apps.credits.usage_events import read
from apps.credits.verifying import differences
from apps.organizations.models import Member, Organization
from apps.tenants.selectors import tenant_by_slug
from benchmarks.world import ACTOR, figure

CALLS, EVENTS = 20, 1000
OPERATIONS = ("bench.tokens", "bench.minutes")
MEMBERS = 20


def run(tenants: int) -> None:
    acme = tenant_by_slug("acme")
    assert acme is not None
    since = datetime(2026, 1, 1, tzinfo=UTC)
    rate = Rate(1, since, (Tier(1000, 2), Tier(None, 1)), per=10)
    register_operations(Operation(code, code, code, "units", (rate,)) for code in OPERATIONS)
    with tenant_context(acme):
        grant_create(
            actor=ACTOR,
            source=GrantSource.PROMOTION,
            amount_microcredits=10**14,
            reference="bench-usage-events",
        )
        places = [str(one) for one in Organization.objects.values_list("id", flat=True)[:5]]
        members = _members()
        one_member = members[:1]
        _ingest(_calls(places, members, 2))
        for name, at, by in (
            (f"{len(places)} organizations, {MEMBERS} members", places, members),
            ("one place and member", places[:1], one_member),
        ):
            floors, rates = [], []
            for _part in range(4):
                calls = _calls(at, by, CALLS // 4)
                floors.append(_floor(_calls(at, by, CALLS // 4)))
                rates.append(_ingest(calls))
            ratio = statistics.median(r / f for r, f in zip(rates, floors, strict=True))
            figure(
                f"usage events, {name}",
                f"{statistics.median(rates):,.0f}/s",
                f"to reach: 10,000; {ratio:.2f} of a bare INSERT of the rows",
            )
        again = usage_ingest(actor=ACTOR, events=calls[0])
        figure(
            "the same call again: duplicates",
            str(again.counts[EventStatus.DUPLICATE]),
            f"of {EVENTS}",
        )
        figure("differences after all of it", str(len(differences())), "to reach: 0")


def _members() -> list[str]:
    root = Organization.objects.get(depth=1)
    for number in range(Member.objects.count(), MEMBERS):
        Member.objects.create(
            person_id=uuid.uuid4(),
            email=f"usage-{number}@acme.test",
            name="Bench",
            organization=root,
        )
    return [str(one) for one in Member.objects.values_list("id", flat=True)[:MEMBERS]]


def _calls(places: list[str], members: list[str], count: int) -> list[list[dict[str, object]]]:
    now = timezone.now()
    return [
        [
            {
                "id": str(uuid.uuid4()),
                "operation": OPERATIONS[number % len(OPERATIONS)],
                "quantity": 1 + number % 3000,
                "occurred_at": (now - timedelta(seconds=number)).isoformat(),
                "organization_id": places[number % len(places)],
                "member_id": members[number // 7 % len(members)],
            }
            for number in range(EVENTS)
        ]
        for _call in range(count)
    ]


def _ingest(calls: list[list[dict[str, object]]]) -> float:
    """Events a second, all of them accepted."""
    began_s = time.perf_counter()
    for events in calls:
        done = usage_ingest(actor=ACTOR, events=events)
        if done.counts[EventStatus.ACCEPTED] != EVENTS:
            raise RuntimeError(f"{done.counts}")
    return len(calls) * EVENTS / (time.perf_counter() - began_s)


def _floor(calls: list[list[dict[str, object]]]) -> float:
    """Rows a second: what the ids alone cost, in a transaction a call."""
    now, transaction_id = timezone.now(), uuid.uuid4()
    columns = []
    for events in calls:
        rows = [
            (e.key, e.event_id, e.fingerprint, transaction_id, e.amount, e.occurred_at)
            for e in (read(one, now) for one in events)
        ]
        columns.append([list(column) for column in zip(*rows, strict=True)])
    began_s = time.perf_counter()
    for values in columns:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(CLAIM, [now, *values])
    return len(calls) * EVENTS / (time.perf_counter() - began_s)
