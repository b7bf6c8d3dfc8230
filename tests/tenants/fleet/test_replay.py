"""A replayed schema is the same as one that Django migrated; a schema that is another is left alone."""

from typing import Any

import psycopg
import pytest
from django.db import connection

from apps.common.tenancy import tenant_context
from apps.organizations.models import Member
from apps.tenants import schemas
from apps.tenants.fleet import outcome as outcomes
from apps.tenants.fleet.outcome import LOCK_ATTEMPTS
from apps.tenants.fleet.plan import LATE_WAVE
from apps.tenants.models import MigrationTarget, Tenant
from tests.tenants.catalogue import catalogue, migrations
from tests.tenants.fleet.conftest import COLUMN, Fleet, Watched, columns, manifest, member


def rows(tenant: Tenant) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT name, motto FROM "{tenant.schema_name}".organizations_member')
        return cursor.fetchall()


def test_replay_makes_what_djangos_executor_makes(fleet: Fleet) -> None:
    plain, *replayed = fleet.tenants(4)
    for tenant in (plain, *replayed):
        member(tenant, "Ann")
    fleet.release("wide")
    schemas.schema_migrate(plain.schema_name)

    _, display = fleet.migrate()

    assert display.replayed == {tenant.slug for tenant in replayed}
    assert display.notes == []
    expected = catalogue(plain.schema_name)
    names = {row[2] for row in expected}
    assert {"motto", "seen_at", "member_motto"} <= names
    assert "organizations_token" in {row[1] for row in expected}
    assert catalogue(schemas.TEMPLATE) == expected
    for tenant in replayed:
        assert catalogue(tenant.schema_name) == expected
        assert migrations(tenant.schema_name) == migrations(plain.schema_name)
        assert rows(tenant) == rows(plain) == [("50% Ann", "it's x%; 100%")]
        assert may_insert(tenant, "organizations_token")


def may_insert(tenant: Tenant, table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(%s, %s, 'INSERT')",
            [tenant.schema_name, f"{tenant.schema_name}.{table}"],
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("release", "reason"),
    [
        ("data", "RunPython depends on the data"),
        ("concurrent", "is not atomic"),
        ("identifier", "the default of public_id is another one each time"),
    ],
)
def test_what_cannot_be_replayed_runs_tenant_by_tenant(
    fleet: Fleet, release: str, reason: str
) -> None:
    tenants = fleet.tenants(3)
    people = [member(tenant, name) for tenant, name in zip(tenants, "ABC", strict=True)]
    fleet.release(release)

    _, display = fleet.migrate(canaries=1)

    assert display.replayed == set()
    assert [note for note in display.notes if reason in note] == display.notes != []
    assert {status for _, status in manifest().values()} == {"done"}
    expected = catalogue(schemas.TEMPLATE)
    assert all(catalogue(tenant.schema_name) == expected for tenant in tenants)
    values = [column_of(t, p, release) for t, p in zip(tenants, people, strict=True)]
    if release == "data":
        assert values == ["A", "B", "C"]
    elif release == "identifier":
        assert len(set(values)) == 3


def column_of(tenant: Tenant, person: Member, release: str) -> Any:
    column = {"data": "initial", "identifier": "public_id", "concurrent": "name"}[release]
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT {column} FROM "{tenant.schema_name}".organizations_member WHERE id = %s',
            [person.id],
        )
        return cursor.fetchone()[0]


def test_an_index_that_an_interrupted_attempt_left_invalid_is_built_anew(fleet: Fleet) -> None:
    (tenant,) = fleet.tenants(1)
    with connection.cursor() as cursor:
        cursor.execute(
            f'CREATE INDEX member_name ON "{tenant.schema_name}".organizations_member (email);'
            "UPDATE pg_index SET indisvalid = false "
            f"WHERE indexrelid = '{tenant.schema_name}.member_name'::regclass"
        )
    fleet.release("concurrent")
    fleet.migrate()
    assert catalogue(tenant.schema_name) == catalogue(schemas.TEMPLATE)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass",
            [f"{tenant.schema_name}.member_name"],
        )
        assert cursor.fetchone() == (True,)


def test_a_schema_that_was_migrated_meanwhile_is_not_migrated_twice(fleet: Fleet) -> None:
    tenants = fleet.tenants(4)
    fleet.release("column")

    def somebody_is_faster(wave: int) -> None:
        if wave == 2:
            schemas.schema_migrate(tenants[2].schema_name)

    result, display = fleet.migrate(canaries=1, display=Watched(somebody_is_faster))
    assert result.run is not None
    assert result.run.status == "done"
    assert display.failed == 0
    assert {status for _, status in manifest().values()} == {"done"}
    with connection.cursor() as cursor:
        for tenant in tenants:
            cursor.execute(
                f'SELECT count(*) FROM "{tenant.schema_name}".django_migrations WHERE name = %s',
                [COLUMN[1]],
            )
            assert cursor.fetchone() == (1,)


def test_a_schema_with_other_migrations_than_recorded_is_left_as_it_is(fleet: Fleet) -> None:
    """Neither the recorded SQL nor a mark; the failure says why."""
    tenants = fleet.tenants(3)
    odd = tenants[1].schema_name
    fleet.release("column")

    def rename(wave: int) -> None:
        if wave == 2:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE \"{odd}\".django_migrations SET name = 'odd' WHERE app = 'roles'"
                )

    result, _ = fleet.migrate(canaries=1, display=Watched(rename))
    assert result.run is not None
    assert result.run.status == "failed"
    target = MigrationTarget.objects.get(run=result.run, schema_name=odd)
    assert (target.status, target.attempts, target.migrations) == ("failed", 1, 0)
    assert target.error.startswith(
        "ObjectNotInPrerequisiteState: the schema has other migrations than a moment ago"
    )
    assert "nickname" not in columns(odd)
    assert COLUMN not in migrations(odd)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Instead of sleeping. What is done in a pause can be appended to."""
    made: list[float] = []
    monkeypatch.setattr(outcomes.time, "sleep", made.append)
    return made


def lock(other: psycopg.Connection, tenant: Tenant) -> None:
    other.execute(f'LOCK TABLE "{tenant.schema_name}".organizations_member IN ACCESS SHARE MODE')


def test_a_table_in_use_is_tried_again_with_growing_pauses(
    fleet: Fleet, another_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = fleet.tenants(3)
    fleet.release("column")
    lock(another_connection, tenants[1])
    slept: list[float] = []

    def sleep(pause_s: float) -> None:
        slept.append(pause_s)
        if len(slept) == 3:
            another_connection.rollback()

    monkeypatch.setattr(outcomes.time, "sleep", sleep)
    result, display = fleet.migrate(canaries=1, lock_ms=30)

    assert display.failed == 0
    assert len(slept) == 3
    for number, pause_s in enumerate(slept):
        assert 0.5 * 0.25 * 2**number <= pause_s < 1.5 * 0.25 * 2**number
    target = MigrationTarget.objects.get(run=result.run, schema_name=tenants[1].schema_name)
    assert (target.status, target.attempts, target.migrations) == ("done", 4, 1)
    assert target.duration_ms >= 0
    assert all("nickname" in columns(tenant.schema_name) for tenant in tenants)


@pytest.mark.parametrize("release", ["column", "data"])
def test_a_table_that_stays_in_use_fails_that_tenant_only(
    fleet: Fleet, another_connection: psycopg.Connection, pauses: list[float], release: str
) -> None:
    tenants = fleet.tenants(4)
    fleet.release(release)
    before = catalogue(tenants[1].schema_name)
    lock(another_connection, tenants[1])

    result, display = fleet.migrate(canaries=0, lock_ms=20)

    locked = tenants[1].schema_name
    assert result.run is not None
    assert result.run.status == "failed"
    assert display.failed == 1
    # In its wave, and once more when the others were through.
    assert len(pauses) == 2 * (LOCK_ATTEMPTS - 1)
    target = MigrationTarget.objects.get(run=result.run, schema_name=locked)
    assert (target.status, target.attempts) == ("failed", 2 * LOCK_ATTEMPTS)
    assert target.error == "LockNotAvailable: canceling statement due to lock timeout"
    assert [status for _, status in manifest().values()].count("done") == 4
    another_connection.rollback()
    assert catalogue(locked) == before

    result, display = fleet.migrate(resume=True)
    assert result.run is not None
    assert result.run.status == "done"
    # What failed is left to Django's executor.
    assert (set(display.outcomes), display.replayed) == ({"fleet-1"}, set())
    assert catalogue(locked) == catalogue(schemas.TEMPLATE)


def test_what_is_held_does_not_stop_its_wave_and_comes_last(
    fleet: Fleet, another_connection: psycopg.Connection, pauses: list[float]
) -> None:
    """A long export of a canary must not hold up a release."""
    tenants = fleet.tenants(4)
    fleet.release("column")
    lock(another_connection, tenants[0])

    def let_go(number: int) -> None:
        if number == LATE_WAVE:
            another_connection.rollback()

    result, display = fleet.migrate(canaries=1, lock_ms=20, display=Watched(let_go))

    assert result.run is not None
    assert (result.run.status, display.failed) == ("done", 0)
    assert list(display.outcomes)[-1] == tenants[0].slug
    assert len(display.outcomes) == 1 + len(tenants)
    assert len(pauses) == LOCK_ATTEMPTS - 1


def test_what_is_held_and_then_deleted_fails_nothing(
    fleet: Fleet, another_connection: psycopg.Connection, pauses: list[float]
) -> None:
    tenants = fleet.tenants(4)
    fleet.release("column")
    lock(another_connection, tenants[0])

    def delete(number: int) -> None:
        if number == 3:
            Tenant.objects.filter(id=tenants[0].id).delete()

    result, display = fleet.migrate(canaries=1, lock_ms=20, display=Watched(delete))

    assert result.run is not None
    assert (result.run.status, display.failed) == ("done", 0)
    target = MigrationTarget.objects.get(run=result.run, schema_name=tenants[0].schema_name)
    assert target.status == "done"


def test_a_statement_that_takes_too_long_is_ended(fleet: Fleet, settings: Any) -> None:
    from apps.tenants.fleet.outcome import Timeouts
    from apps.tenants.fleet.record import Script
    from apps.tenants.fleet.replay import Replayer

    (tenant,) = fleet.tenants(1)
    before = catalogue(tenant.schema_name)
    script = Script(
        frozenset(schemas.known_migrations()),
        ("ALTER TABLE organizations_member ADD COLUMN x int", "SELECT pg_sleep(5)"),
        (COLUMN,),
    )
    run = fleet_run()
    target = MigrationTarget.objects.create(
        run=run, tenant_id=tenant.id, schema_name=tenant.schema_name, wave=1
    )
    outcome = Replayer(script, Timeouts(statement_s=1))(target)
    assert outcome.error == "QueryCanceled: canceling statement due to statement timeout"
    assert outcome.duration_ms < 4_000
    target.refresh_from_db()
    assert target.status == "pending"
    assert catalogue(tenant.schema_name) == before
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_statements_may_end_in_comments(fleet: Fleet) -> None:
    from apps.tenants.fleet.outcome import Timeouts
    from apps.tenants.fleet.record import Script
    from apps.tenants.fleet.replay import Replayer

    (tenant,) = fleet.tenants(1)
    script = Script(
        frozenset(schemas.known_migrations()),
        (
            "ALTER TABLE organizations_member ADD COLUMN x int -- for later",
            "ALTER TABLE organizations_member ADD COLUMN y int; -- and this; too",
        ),
        (COLUMN,),
    )
    target = MigrationTarget.objects.create(
        run=fleet_run(), tenant_id=tenant.id, schema_name=tenant.schema_name, wave=1
    )
    assert Replayer(script, Timeouts())(target).error == ""
    assert {"x", "y"} <= set(columns(tenant.schema_name))


def fleet_run() -> Any:
    from apps.tenants.models import MigrationRun

    return MigrationRun.objects.create(version="x", actor="test")


def test_the_release_before_works_on_while_a_tenant_is_migrated(fleet: Fleet) -> None:
    """Reads and writes of the code that knows nothing of the column: no error, and none is lost."""
    import threading

    tenants = fleet.tenants(6)
    busy = tenants[3]
    first = member(busy, "First")
    fleet.release("column")
    done, errors, written = threading.Event(), [], [first.id]
    began = threading.Event()

    def old_code() -> None:
        try:
            while not done.is_set():
                written.append(member(busy, "More").id)
                with tenant_context(busy):
                    found = Member.objects.filter(organization=first.organization_id)
                    assert {one.id for one in found} == set(written)
                    Member.objects.filter(id=written[-1]).update(name="Changed")
                began.set()
        except Exception as error:  # noqa: BLE001 - whatever it is, there should be none
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=old_code)]
    for thread in threads:
        thread.start()
    began.wait(10)
    _, display = fleet.migrate(canaries=1)
    before = len(written)
    began.clear()
    began.wait(10)
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert display.failed == 0
    assert len(written) > before > 2
    assert "nickname" in columns(busy.schema_name)
