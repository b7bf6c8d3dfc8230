"""The job: one worker at a time, begun anew when it dies, told when it fails, forgotten after days."""

import hashlib
import threading
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.events.models import OutboxEvent
from apps.tenants import tasks
from apps.tenants.exports import jobs
from apps.tenants.exports.jobs import Superseded, export_run, exports_expire, exports_resume
from apps.tenants.exports.snapshot import SchemaUnreadable
from apps.tenants.models import Export, Tenant
from apps.tenants.services import export_request

pytestmark = pytest.mark.django_db
commits = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system("tests")


@pytest.fixture
def queued(acme: Tenant) -> Export:
    return export_request(actor=SYSTEM, tenant_id=acme.id)


def stored(tenant: Tenant) -> list[str]:
    with tenant_context(tenant):
        return list(tenant_files.walk())


def silent_for(export: Export, seconds: int) -> None:
    Export.objects.filter(id=export.id).update(
        updated_at=timezone.now() - timedelta(seconds=seconds)
    )


def test_it_is_made_and_noted(queued: Export, acme: Tenant, settings: Any) -> None:
    settings.EXPORT_KEEP_DAYS = 3
    assert export_run(queued.id) is True
    queued.refresh_from_db()
    assert (queued.status, queued.error) == ("ready", "")
    assert queued.tables_done == queued.tables_total == 90
    assert stored(acme) == [queued.file]
    with tenant_context(acme), tenant_files.open(queued.file) as file:
        content = file.read()
        file.seek(0)
        assert "dump.sql" in zipfile.ZipFile(file).namelist()
    assert queued.size_bytes == len(content)
    assert queued.sha256 == hashlib.sha256(content).hexdigest()
    assert queued.finished_at is not None
    assert queued.expires_at == queued.finished_at + timedelta(days=3)
    assert [e.action for e in acme.history.all()[:2]] == ["export_finished", "export_requested"]
    finished = OutboxEvent.objects.get(name="tenants.export_finished")
    assert finished.payload == {
        "tenant_id": str(acme.id),
        "export_id": str(queued.id),
        "status": "ready",
    }
    assert export_run(queued.id) is False


def test_the_event_starts_it(queued: Export) -> None:
    drain_once()
    queued.refresh_from_db()
    assert queued.status == "ready"


@pytest.mark.parametrize("status", ["suspended", "archived", "deleting"])
def test_closed_workspaces_are_exported_too(queued: Export, acme: Tenant, status: str) -> None:
    Tenant.objects.filter(id=acme.id).update(status=status)
    assert export_run(queued.id) is True


@pytest.mark.parametrize(
    "changes",
    [{"status": "failed"}, {"status": "deleting", "purge_started_at": timezone.now()}],
)
def test_what_is_being_deleted_is_not(
    queued: Export, acme: Tenant, changes: dict[str, Any]
) -> None:
    Tenant.objects.filter(id=acme.id).update(**changes)
    assert export_run(queued.id) is False
    queued.refresh_from_db()
    assert (queued.status, stored(acme)) == ("queued", [])


@commits
def test_of_eight_workers_one_makes_it(queued: Export, acme: Tenant) -> None:
    barrier, results = threading.Barrier(8), []

    def work() -> None:
        barrier.wait()
        try:
            results.append(export_run(queued.id))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 7 + [True]
    assert len(stored(acme)) == 1


def test_a_dead_workers_export_is_begun_anew(queued: Export, acme: Tenant) -> None:
    claimed = jobs._claim(queued.id)
    assert claimed is not None
    with tenant_context(acme):
        tenant_files.save(f"{jobs._prefix(claimed)}.zip", ContentFile(b"half"))
    # Alive: nobody else takes it.
    assert export_run(queued.id) is False
    silent_for(queued, jobs.STALE_S + 1)
    assert export_run(queued.id) is True
    queued.refresh_from_db()
    assert stored(acme) == [queued.file]
    assert queued.size_bytes is not None
    assert queued.size_bytes > 4


def test_a_worker_that_was_taken_for_dead_gives_way(
    queued: Export, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes when it has stored its archive: the other's stays, its own goes."""
    outcomes: list[bool] = []
    real = jobs._finish

    def stall(export: Export, *args: Any) -> None:
        if not outcomes:
            outcomes.append(True)
            silent_for(queued, jobs.STALE_S + 1)
            outcomes[0] = export_run(queued.id)
        real(export, *args)

    monkeypatch.setattr(jobs, "_finish", stall)
    assert export_run(queued.id) is False
    assert outcomes == [True]
    queued.refresh_from_db()
    assert (queued.status, stored(acme)) == ("ready", [queued.file])


def test_a_heart_that_nobody_waits_for_stops(queued: Export) -> None:
    claimed = jobs._claim(queued.id)
    assert claimed is not None
    heart = jobs._Heart(claimed)
    silent_for(queued, 30)
    heart.tick()
    queued.refresh_from_db()
    assert timezone.now() - queued.updated_at > timedelta(seconds=29)
    heart.beat(tables_done=1)
    queued.refresh_from_db()
    assert (queued.tables_done, timezone.now() - queued.updated_at < timedelta(seconds=5)) == (
        1,
        True,
    )
    Export.objects.filter(id=queued.id).update(started_at=timezone.now())
    with pytest.raises(Superseded):
        heart.beat()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SchemaUnreadable("x"), "The database could not be read: x."),
        (OSError(28, "No space left on device"), "There was no room for the archive."),
        (psycopg.errors.LockNotAvailable(), "The workspace was being updated at the time."),
        (SoftTimeLimitExceeded(), "It took too long."),
        (ZeroDivisionError("secret"), "Something went wrong on our side (ZeroDivisionError)."),
    ],
)
def test_a_failure_is_said_in_words(
    queued: Export,
    acme: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    said: str,
) -> None:
    def fail(*_args: Any) -> None:
        raise error

    monkeypatch.setattr(jobs, "_finish", fail)
    assert export_run(queued.id) is False
    queued.refresh_from_db()
    assert queued.status == "failed"
    assert queued.error.startswith(said)
    assert "secret" not in queued.error
    assert stored(acme) == []
    assert acme.history.first().action == "export_failed"  # type: ignore[union-attr]
    assert OutboxEvent.objects.get(name="tenants.export_finished").payload["status"] == "failed"
    # And it can be asked for again.
    assert export_run(export_request(actor=SYSTEM, tenant_id=acme.id).id) is False


def test_what_is_ready_stays_so_if_something_fails_after_it(
    queued: Export, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as the connection of the snapshot, which is closed last."""
    finish = jobs._finish

    def fail(*args: Any) -> None:
        finish(*args)
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr(jobs, "_finish", fail)
    assert export_run(queued.id) is False
    queued.refresh_from_db()
    assert (queued.status, queued.error) == ("ready", "")
    assert stored(acme) == [queued.file]


@commits
def test_a_migration_that_holds_the_tables_fails_it_readably(
    queued: Export, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.tenants.exports import snapshot

    monkeypatch.setattr(snapshot, "LOCK_TIMEOUT_MS", 50)
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with system_connection(), connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f'LOCK TABLE "{acme.schema_name}".roles_role IN ACCESS EXCLUSIVE MODE')
            locked.set()
            done.wait(10)
            cursor.execute("ROLLBACK")
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(10)
    assert export_run(queued.id) is False
    done.set()
    holder.join()
    queued.refresh_from_db()
    assert queued.error.startswith("The workspace was being updated at the time.")


class TestSweep:
    def test_starts_what_lost_its_worker_or_its_task(self, queued: Export) -> None:
        started: list[Any] = []
        exports_resume(started.append)
        assert started == []
        silent_for(queued, jobs.QUEUED_STALE_S + 1)
        exports_resume(started.append)
        exports_resume(started.append)
        assert started == [queued.id]
        jobs._claim(queued.id)
        silent_for(queued, jobs.QUEUED_STALE_S + 1)
        exports_resume(started.append)
        silent_for(queued, jobs.STALE_S + 1)
        exports_resume(started.append)
        assert started == [queued.id] * 2

    def test_the_task_runs_it(self, queued: Export) -> None:
        silent_for(queued, jobs.QUEUED_STALE_S + 1)
        tasks.sweep_exports()
        queued.refresh_from_db()
        assert queued.status == "ready"

    def test_gives_up_after_a_day(self, queued: Export) -> None:
        Export.objects.filter(id=queued.id).update(
            status="running",
            created_at=timezone.now() - timedelta(hours=25),
            updated_at=timezone.now() - timedelta(hours=1),
        )
        exports_resume(lambda _id: pytest.fail("started again"))
        queued.refresh_from_db()
        assert (queued.status, queued.error) == (
            "failed",
            "It was begun again and again for a day without coming to an end.",
        )

    def test_deletes_archives_when_their_days_are_over(
        self, queued: Export, acme: Tenant, globex: Tenant
    ) -> None:
        export_run(queued.id)
        with tenant_context(globex):
            tenant_files.save("exports/other.zip", ContentFile(b"x"))
        assert exports_expire() == 0
        Export.objects.filter(id=queued.id).update(expires_at=timezone.now())
        assert exports_expire() == 1
        queued.refresh_from_db()
        assert (queued.status, queued.file) == ("expired", "")
        assert (stored(acme), stored(globex)) == ([], ["exports/other.zip"])
        assert exports_expire() == 0

    def test_one_file_that_cannot_be_deleted_does_not_keep_the_others(
        self, queued: Export, acme: Tenant, globex: Tenant, settings: Any
    ) -> None:
        other = export_request(actor=SYSTEM, tenant_id=globex.id)
        for export in (queued, other):
            assert export_run(export.id)
        Export.objects.update(expires_at=timezone.now() - timedelta(days=1))
        Export.objects.filter(id=queued.id).update(expires_at=timezone.now() - timedelta(days=2))
        queued.refresh_from_db()
        # A folder in the place of the file, with something in it.
        with tenant_context(acme):
            path = Path(tenant_files.path(queued.file))
            path.unlink()
            (path / "x").mkdir(parents=True)
        assert exports_expire() == 1
        assert set(Export.objects.values_list("status", flat=True)) == {"expired"}
        assert Export.objects.exclude(file="").get() == queued
        (path / "x").rmdir()
        assert exports_expire() == 1
        assert not Export.objects.exclude(file="").exists()

    def test_finds_the_file_that_a_killed_sweep_left(self, queued: Export, acme: Tenant) -> None:
        export_run(queued.id)
        Export.objects.filter(id=queued.id).update(status="expired")
        assert exports_expire() == 1
        assert stored(acme) == []


def test_nothing_is_left_in_temporary_folders(
    queued: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(
        jobs, "_finish", lambda *_: pytest.fail(str([p.name for p in tmp_path.iterdir()]))
    )
    with pytest.raises(pytest.fail.Exception, match=r"\['files'\]"):
        export_run(queued.id)


def test_people_ask_through_the_service(
    alice: Person, acme: Tenant, owner: Actor, django_assert_num_queries: Callable
) -> None:
    export = export_request(actor=owner, tenant_id=acme.id)
    with tenant_context(None):
        assert export_run(export.id) is True
