"""The page about migrations of all tenants: what each run reached, and what failed in it."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.tenants.fleet.lock import RUN_LOCK
from apps.tenants.fleet.manifest import GONE, NO_TENANT
from apps.tenants.models import MigrationRun, MigrationTarget, Tenant

LIST = "/console/tenants/migrationrun/"
ERROR = 'CheckViolation: check constraint "<b>" is violated by some row\nCONTEXT: row 7'


def run(status: str = "done", **fields: object) -> MigrationRun:
    return MigrationRun.objects.create(
        status=status,
        version="0123456789abcdef" * 2,
        actor="system:command on web-1, process 7",
        canaries=2,
        **fields,
    )


def target(of: MigrationRun, wave: int, status: str = "done", **fields: object) -> MigrationTarget:
    number = uuid.uuid4()
    fields = {"tenant_id": number, "schema_name": f"t_{number.hex}"} | fields
    return MigrationTarget.objects.create(run=of, wave=wave, status=status, **fields)


@pytest.fixture
def failed_run(acme: Tenant) -> MigrationRun:
    made = run("failed", finished_at=timezone.now() + timedelta(seconds=75))
    target(made, 0, tenant_id=NO_TENANT, schema_name="t_template", duration_ms=1_234)
    target(
        made, 1, "failed", tenant_id=acme.id, schema_name=acme.schema_name, attempts=2, error=ERROR
    )
    target(made, 1, "failed", schema_name="t_lost", attempts=1, error="LockNotAvailable: timeout")
    target(made, 1, error=GONE)
    target(made, 2, "pending")
    return made  # fmt: skip


def test_the_list_says_how_far_each_run_came(console: Client, failed_run: MigrationRun) -> None:
    MigrationRun.objects.filter(id=failed_run.id).update(
        created_at=failed_run.created_at - timedelta(days=1)
    )
    run(finished_at=timezone.now() + timedelta(seconds=3))
    html = console.get(LIST).content.decode()
    rows = [
        (result.get_status_display(), result.done, result.total, result.failures)
        for result in console.get(LIST).context["cl"].result_list
    ]
    assert rows == [("Done", 0, 0, 0), ("Failed", 2, 5, 2)]
    for text in ("2 of 5", "01234567", "system:command on web-1, process 7", "3.0 s", "24 h 1 min"):
        assert text in html, text


def test_a_run_shows_waves_and_failures(
    console: Client, failed_run: MigrationRun, acme: Tenant
) -> None:
    response = console.get(f"{LIST}{failed_run.id}/")
    sections = {section.title: section for section in response.context["sections"]}
    assert list(sections) == ["Facts", "Waves", "Failed", f"Error of {acme.schema_name}"]
    facts = dict(sections["Facts"].rows)
    command = '<code class="c-code">manage.py migrate_tenants --resume</code>'
    assert facts["What to do"] == f"Mend what failed, then run {command}"
    assert facts["Took"] == "1 min 15 s"
    none = '<span class="c-none">–</span>'
    assert [row[:7] for row in sections["Waves"].rows] == [
        ["Template", "1", "1", none, none, none, "1,234 ms"],
        ["Canaries", "3", "1", "1", "2", none, none],
        ["Wave 2", "1", none, none, none, "1", none],
    ]
    failed = {str(row[1]): row for row in sections["Failed"].rows}
    row = failed[f'<code class="c-code">{acme.schema_name}</code>']
    assert (
        str(row[0])
        == f'<a class="c-link" href="/console/tenants/tenant/{acme.id}/">{acme.slug}</a>'
    )
    assert row[2:] == (
        "Canaries",
        2,
        'CheckViolation: check constraint "<b>" is violated by some row',
    )
    assert failed['<code class="c-code">t_lost</code>'][2:] == (
        "Canaries",
        1,
        "LockNotAvailable: timeout",
    )
    html = response.content.decode()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "CONTEXT: row 7" in html


def test_a_failed_run_that_another_followed_is_not_to_be_resumed(
    console: Client, failed_run: MigrationRun
) -> None:
    run(finished_at=timezone.now())
    html = console.get(f"{LIST}{failed_run.id}/").content.decode()
    assert "What to do" not in html


def test_a_template_that_failed_is_named(console: Client) -> None:
    made = run("failed", finished_at=timezone.now())
    target(made, 0, "failed", tenant_id=NO_TENANT, schema_name="t_template", error="X: y")
    sections = {s.title: s for s in console.get(f"{LIST}{made.id}/").context["sections"]}
    assert [row[0] for row in sections["Failed"].rows] == ["Template"]


def test_a_killed_run_is_called_interrupted(console: Client) -> None:
    made = run("running")
    html = console.get(f"{LIST}{made.id}/").content.decode()
    assert "Interrupted" in html
    assert "Nothing is half done. Go on with <code" in html
    assert "Interrupted" in console.get(LIST).content.decode()


def test_a_run_under_way_is_called_running(console: Client) -> None:
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [RUN_LOCK])
                held.set()
                release.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        html = console.get(f"{LIST}{run('running').id}/").content.decode()
    finally:
        release.set()
        thread.join()
    assert "Interrupted" not in html
    assert "What to do" not in html
    assert '<span class="c-badge c-badge-info">Running</span>' in html


def test_the_list_takes_as_many_statements_for_more(console: Client) -> None:
    run(finished_at=timezone.now())
    with CaptureQueriesContext(connection) as few:
        console.get(LIST)
    for _ in range(10):
        made = run("abandoned", finished_at=timezone.now())
        target(made, 1)
    with CaptureQueriesContext(connection) as more:
        console.get(LIST)
    assert len(few) == len(more) <= 7


def test_runs_are_found_by_schema(console: Client, failed_run: MigrationRun) -> None:
    run(finished_at=timezone.now())
    found = console.get(f"{LIST}?q=t_lost").context["cl"].result_list
    assert [one.id for one in found] == [failed_run.id]


def test_the_empty_list_says_what_it_is_for(console: Client) -> None:
    assert "Each release that changes tenants’ tables leaves a run here." in (
        console.get(LIST).content.decode()
    )
