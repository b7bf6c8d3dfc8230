from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Person
from apps.accounts.services import person_create, person_register
from apps.console.charts import Chart
from apps.console.dashboard import figures
from apps.console.templatetags.console import seconds
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM
from tests.console.conftest import dead_letter, tenant_rows


@pytest.fixture(autouse=True)
def _empty(staff: Person) -> None:
    """Nothing on the platform but one member of staff, who came long ago."""
    Tenant.objects.all().delete()
    Person.objects.exclude(id=staff.id).delete()
    OutboxEvent.objects.all().delete()
    long_ago = timezone.now() - timedelta(days=400)
    Person.objects.filter(id=staff.id).update(created_at=long_ago)


def test_empty(console: Client) -> None:
    found = figures()
    assert [count for _, _, count in found.tenants] == [0] * 7
    assert (found.tenants_total, found.tenants_chart.total, found.signups_chart.total) == (0, 0, 0)
    assert (found.provisioning.sample, found.provisioning.p50_s, found.provisioning.p95_s) == (
        0,
        None,
        None,
    )
    assert (found.outbox.undispatched, found.outbox.oldest_s) == (0, None)
    html = console.get("/console/").content.decode()
    for text in (
        "No tenant was created in the last 30 days.",
        "Nobody signed up in the last 30 days.",
        "No tenant is ready yet",
        "Nothing waits",
        "Nothing has happened yet.",
        "Every tenant that was asked for could be provisioned.",
        "No handler has given up on an event.",
    ):
        assert text in html


def test_exact_figures(console: Client, staff: Person) -> None:
    now = timezone.now()
    for count, status in ((4, "ready"), (1, "suspended"), (2, "failed"), (3, "pending")):
        tenant_rows(count, staff, status=status, ready_at=None, status_reason="why")
    ready = Tenant.objects.filter(status="ready").order_by("id")
    for tenant, (age_days, took_s) in zip(
        ready, [(0, 1.0), (0, 2.0), (29, 3.0), (31, 5.0)], strict=True
    ):
        created_at = now - timedelta(days=age_days)
        Tenant.objects.filter(id=tenant.id).update(
            created_at=created_at, ready_at=created_at + timedelta(seconds=took_s)
        )
    for number in range(3):
        person = person_register(
            actor=SYSTEM, name="New", email=f"new{number}@x.test", password="long enough 1"
        )
        Person.objects.filter(id=person.id).update(created_at=now - timedelta(days=5 * number))
    inactive = person_create(actor=SYSTEM, email="gone@x.test", name="Gone", is_staff=True)
    Person.objects.filter(id=inactive.id).update(is_active=False, created_at=now)
    EmailAddress.objects.filter(user__email="new0@x.test").update(verified=True)
    OutboxEvent.objects.all().delete()
    dead_letter()
    dead_letter(None, state="pending")
    dead_letter(None, state="pending")
    waiting = dead_letter(None, state="done").event
    OutboxEvent.objects.filter(id=waiting.id).update(
        dispatched_at=None, created_at=now - timedelta(seconds=90)
    )

    found = figures()
    assert {status: count for status, _, count in found.tenants} == {
        "pending": 3,
        "provisioning": 0,
        "ready": 4,
        "suspended": 1,
        "archived": 0,
        "deleting": 0,
        "failed": 2,
    }
    assert found.tenants_total == 10
    counts = [count for _, count in found.tenants_chart.values]
    assert (len(counts), counts[0], counts[-1], sum(counts)) == (30, 1, 8, 9)
    people = found.people
    assert (people.total, people.active, people.verified, people.unverified) == (5, 4, 3, 2)
    assert (people.staff, people.signups_7_days) == (1, 3)
    assert found.signups_chart.total == 4
    assert found.provisioning.sample == 4
    assert found.provisioning.p50_s == pytest.approx(2.5)
    assert found.provisioning.p95_s == pytest.approx(4.7)
    assert (found.failed_count, len(found.failed)) == (2, 2)
    assert (found.outbox.pending, found.outbox.dead, found.outbox.undispatched) == (2, 1, 1)
    assert found.outbox.oldest_s == pytest.approx(90, abs=5)
    assert [handling.state for handling in found.dead_letters] == ["dead"]
    assert found.health == [("database", True), ("redis", True)]
    html = console.get("/console/").content.decode()
    assert "p95 4.7 s, last 4" in html


def test_only_the_last_hundred_count(staff: Person) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = tenant_rows(120, staff)
    for number, tenant in enumerate(rows):
        tenant.created_at = start + timedelta(minutes=number)
        tenant.ready_at = tenant.created_at + timedelta(seconds=60 if number < 20 else 2)
    Tenant.objects.bulk_update(rows, ["created_at", "ready_at"])
    found = figures().provisioning
    assert (found.sample, found.p50_s, found.p95_s) == (100, 2.0, 2.0)


def test_statements_are_bounded_and_do_not_grow(console: Client, staff: Person) -> None:
    with CaptureQueriesContext(connection) as few:
        console.get("/console/")
    tenant_rows(20, staff)
    tenant_rows(5, staff, status="failed", ready_at=None)
    for _ in range(10):
        dead_letter()
    with CaptureQueriesContext(connection) as more:
        console.get("/console/")
    assert len(few) == len(more) <= 14, "\n".join(q["sql"] for q in more.captured_queries)


def test_a_dependency_that_fails_is_shown(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "apps.console.dashboard.readiness", lambda: {"database": "ok", "redis": "failed"}
    )
    assert "Does not answer" in console.get("/console/").content.decode()


def test_bars_are_in_proportion() -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC).date()
    chart = Chart([(first + timedelta(days=n), count) for n, count in enumerate([0, 2, 4])])
    assert [(bar.x, bar.y, bar.height) for bar in chart.bars] == [
        (2.0, 139.0, 1.0),
        (202.0, 70.0, 70.0),
        (402.0, 0.0, 140.0),
    ]
    assert (chart.total, chart.top) == (6, 4)
    assert [count for _, count in chart.newest_first] == [4, 2]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.42, "0.4 s"),
        (90.0, "90 s"),
        (600.0, "10 min"),
        (9000.0, "2 h"),
        (864_000.0, "10 days"),
    ],
)
def test_durations(value: float | None, text: str) -> None:
    assert seconds(value) == text
