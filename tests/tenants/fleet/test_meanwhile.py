"""What others do while a run goes on: run too, sign up, delete, cut the connection."""

import threading
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from apps.common.database import system_connection
from apps.common.errors import Conflict
from apps.tenants import schemas
from apps.tenants.fleet import replay
from apps.tenants.fleet.lock import RUN_LOCK
from apps.tenants.fleet.manifest import GONE
from apps.tenants.fleet.outcome import ConnectionLost
from apps.tenants.models import MigrationRun, MigrationTarget, Tenant
from tests.tenants.catalogue import catalogue
from tests.tenants.fleet.conftest import (
    Fleet,
    Watched,
    columns,
    manifest,
    migrated,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_second_run_is_refused_and_told_who_runs(fleet: Fleet) -> None:
    tenants = fleet.tenants(2)
    fleet.release("column")
    held, release = threading.Event(), threading.Event()

    @system_connection()
    def first() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [RUN_LOCK])
                held.set()
                release.wait(10)
                cursor.execute("SELECT pg_advisory_unlock(%s)", [RUN_LOCK])
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    held.wait(10)
    MigrationRun.objects.create(version="x", actor="system:command on web-1, process 77")
    try:
        with pytest.raises(Conflict) as refused:
            fleet.migrate()
    finally:
        release.set()
        thread.join()
    assert refused.value.code == "migration_running"
    assert str(refused.value).startswith(
        "Another migrate_tenants is under way (system:command on web-1, process 77), connected since "
    )
    assert migrated(tenants) == [False, False]
    assert MigrationRun.objects.count() == 1
    # It has ended: now it goes.
    fleet.migrate()
    assert migrated(tenants) == [True, True]


def test_behind_a_pooler_that_mixes_sessions_nothing_is_migrated(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tests/e2e/test_pgbouncer.py tells such a pooler from others."""
    tenants = fleet.tenants(1)
    fleet.release("column")
    monkeypatch.setattr("apps.tenants.fleet.lock.pooler_mixes_clients", lambda _parameters: True)
    with pytest.raises(Conflict, match="DATABASE_SYSTEM_URL has to lead to PostgreSQL directly"):
        fleet.migrate()
    assert migrated(tenants) == [False]
    assert not MigrationRun.objects.exists()


def test_a_tenant_that_is_deleted_meanwhile_is_no_failure(fleet: Fleet) -> None:
    """Neither does its SQL fall through to the public schema."""
    tenants = fleet.tenants(5)
    fleet.release("wide")
    public = catalogue("public")

    def delete(wave: int) -> None:
        if wave == 2:
            gone, going = tenants[2], tenants[4]
            schemas.schema_drop(gone.schema_name)
            Tenant.objects.filter(id=gone.id).delete()
            # Under deletion in batches: some tables are gone.
            with connection.cursor() as cursor:
                cursor.execute(f'DROP TABLE "{going.schema_name}".organizations_member CASCADE')
            Tenant.objects.filter(id=going.id).update(purge_started_at=timezone.now())

    result, display = fleet.migrate(canaries=1, display=Watched(delete))

    assert result.run is not None
    assert (result.run.status, display.failed) == ("done", 0)
    assert {status for _, status in manifest().values()} == {"done"}
    targets = {t.schema_name: t for t in MigrationTarget.objects.all()}
    for name in (tenants[2].schema_name, tenants[4].schema_name):
        assert (targets[name].error, targets[name].migrations) == (GONE, 0)
    assert targets[tenants[3].schema_name].error == ""
    assert catalogue("public") == public
    assert schemas.schemas_existing([tenants[2].schema_name]) == set()


def test_latecomers_of_the_release_before_are_migrated_too(fleet: Fleet) -> None:
    """One is cloned before the template migrates, others after it, by code that knows the old version."""
    fleet.tenants(3)
    fleet.release("column")

    def sign_up(wave: int) -> None:
        fleet.release("")
        fleet.tenant(f"late-{wave}")
        fleet.release("column")

    result, display = fleet.migrate(canaries=1, display=Watched(sign_up))

    assert result.run is not None
    assert result.run.status == "done"
    made = manifest()
    # Before the template: found at the end. Afterwards: current from the start.
    assert made["late-0"] == (4, "done")
    assert {name for name in made if name.startswith("late")} == {"late-0"}
    assert (display.total, display.done) == (4, 4)
    everybody = list(Tenant.objects.all())
    # At the beginning of the latecomers' wave one more came.
    assert len(everybody) == 3 + 5
    assert all(migrated(everybody))


def test_tenants_that_are_made_all_the_while_come_out_current(fleet: Fleet) -> None:
    tenants = fleet.tenants(4)
    fleet.release("column")
    stop, errors = threading.Event(), []

    @system_connection()
    def sign_up(number: int) -> None:
        try:
            for count in range(50):
                if stop.is_set():
                    break
                fleet.tenant(f"new-{number}-{count}")
        except Exception as error:  # noqa: BLE001 - whatever it is, there should be none
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=sign_up, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    result, _ = fleet.migrate()
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert result.run is not None
    assert result.run.status == "done"
    everybody = list(Tenant.objects.all())
    assert len(everybody) > len(tenants)
    assert all(migrated(everybody))


def test_a_server_that_goes_away_leaves_the_run_to_be_resumed(
    fleet: Fleet, another_connection: psycopg.Connection
) -> None:
    """It is the run's own connection that is lost, and its lock with it."""
    tenants = fleet.tenants(4)
    fleet.release("column")

    def cut(wave: int) -> None:
        if wave == 3:
            another_connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    with pytest.raises(ConnectionLost, match="terminating connection"):
        fleet.migrate(canaries=1, display=Watched(cut))
    connection.close()
    run = MigrationRun.objects.get()
    assert run.status == "running"
    result, _ = fleet.migrate(resume=True)
    assert result.run is not None
    assert (result.run.id, result.run.status) == (run.id, "done")
    assert all(migrated(tenants))


def test_a_lost_connection_leaves_the_run_to_be_resumed(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = fleet.tenants(4)
    fleet.release("column")
    real = replay.Replayer._text
    cut: list[Any] = []

    def cut_off(self: Any, target: MigrationTarget, attempt: int) -> bytes:
        text = real(self, target, attempt)
        if target.schema_name == tenants[2].schema_name and not cut:
            cut.append(target)
            return b"SELECT pg_terminate_backend(pg_backend_pid());" + text
        return text

    monkeypatch.setattr(replay.Replayer, "_text", cut_off)
    with pytest.raises(ConnectionLost, match="terminating connection"):
        fleet.migrate(canaries=1, jobs=1)
    run = MigrationRun.objects.get()
    assert run.status == "running"
    assert manifest()["fleet-2"] == (3, "pending")
    assert "nickname" not in columns(tenants[2].schema_name)
    result, _ = fleet.migrate(resume=True)
    assert result.run is not None
    assert (result.run.id, result.run.status) == (run.id, "done")
    assert all(migrated(tenants))
