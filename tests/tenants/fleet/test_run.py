"""A run from the template to its end: failures stop it, it is resumed, nobody is left behind."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.common.actors import Actor, ActorKind
from apps.common.errors import Conflict, PermissionDenied
from apps.tenants import schemas
from apps.tenants.fleet.manifest import GONE, runs_prune
from apps.tenants.fleet.progress import Display
from apps.tenants.fleet.run import Options, fleet_migrate
from apps.tenants.models import MigrationRun, MigrationTarget
from apps.tenants.roles import tenant_role_drop, tenant_roles_missing
from tests.tenants.catalogue import catalogue
from tests.tenants.fleet.conftest import (
    Fleet,
    Watched,
    manifest,
    member,
    migrated,
    schema_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_everybody_comes_out_at_the_templates_version(fleet: Fleet) -> None:
    tenants = fleet.tenants(13)
    fleet.release("column")
    result, display = fleet.migrate(canaries=2)

    assert (result.tenants, result.current, result.roles_created) == (13, 0, [])
    assert manifest() == {
        "template": (0, "done"),
        **{f"fleet-{number}": (1, "done") for number in range(2)},
        **{f"fleet-{number}": (2, "done") for number in range(2, 4)},
        **{f"fleet-{number}": (3, "done") for number in range(4, 13)},
    }
    assert (display.total, display.done, display.failed) == (13, 13, 0)
    assert display.replayed == {tenant.slug for tenant in tenants}
    expected = catalogue(schemas.TEMPLATE)
    assert all(catalogue(tenant.schema_name) == expected for tenant in tenants)

    run = MigrationRun.objects.get()
    assert (run.status, run.canaries) == ("done", 2)
    assert run.version == schemas.template_version()
    assert run.actor.startswith("system:tests on ")
    assert run.finished_at is not None
    for target in run.targets.all():
        assert (target.attempts, target.migrations, target.error) == (1, 1, "")
        assert target.finished_at is not None


def test_with_nothing_to_do_nothing_is_written(fleet: Fleet) -> None:
    fleet.tenants(3)
    result, display = fleet.migrate()
    assert (result.run, result.tenants, result.current) == (None, 3, 3)
    assert display.outcomes == {}
    assert not MigrationRun.objects.exists()


def test_tenants_with_other_histories_are_recorded_on_their_own(fleet: Fleet) -> None:
    """Those that were like the template are replayed from it, others from the first of their kind."""
    tenants = fleet.tenants(6)
    odd = [tenants[number] for number in (1, 3, 5)]
    for tenant in odd:
        with connection.cursor() as cursor:
            cursor.execute(
                f'INSERT INTO "{tenant.schema_name}".django_migrations (app, name, applied) '
                "VALUES ('gone', '0001_initial', now())"
            )
    fleet.release("column")
    _, display = fleet.migrate(canaries=0)
    assert {status for _, status in manifest().values()} == {"done"}
    assert display.replayed == {tenant.slug for tenant in tenants} - {odd[0].slug}
    assert all(migrated(tenants))


def test_a_failing_canary_stops_the_run_before_the_next_wave(fleet: Fleet) -> None:
    tenants = fleet.tenants(6)
    bad = member(tenants[1], "Bad")
    fleet.release("constraint")
    before = {t.schema_name: catalogue(t.schema_name) for t in tenants}

    result, display = fleet.migrate(canaries=3)

    assert result.run is not None
    assert result.run.status == "failed"
    assert result.run.finished_at is not None
    assert (display.done, display.failed) == (3, 1)
    # The wave ends; those after it were not begun.
    assert manifest() == {
        "template": (0, "done"),
        "fleet-0": (1, "done"),
        "fleet-1": (1, "failed"),
        "fleet-2": (1, "done"),
        "fleet-3": (2, "pending"),
        "fleet-4": (3, "pending"),
        "fleet-5": (3, "pending"),
    }
    target = MigrationTarget.objects.get(schema_name=schema_of("fleet-1"))
    assert target.error.startswith(
        'CheckViolation: check constraint "member_not_bad" of relation "organizations_member" is '
        "violated by some row"
    )
    assert target.migrations == 0
    for slug in ("fleet-1", "fleet-3", "fleet-4", "fleet-5"):
        name = schema_of(slug)
        assert catalogue(name) == before[name]

    # The cause mended, the same run goes on, with the same waves.
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {tenants[1].schema_name}.organizations_member SET name = 'Good' WHERE id = %s",
            [bad.id],
        )
    resumed, display = fleet.migrate(resume=True)
    assert resumed.run is not None
    assert (resumed.run.id, resumed.run.status) == (result.run.id, "done")
    assert set(display.outcomes) == {"fleet-1", "fleet-3", "fleet-4", "fleet-5"}
    assert [wave for wave, _ in manifest().values()] == [0, 1, 1, 1, 2, 3, 3]
    assert {status for _, status in manifest().values()} == {"done"}
    expected = catalogue(schemas.TEMPLATE)
    assert all(catalogue(tenant.schema_name) == expected for tenant in tenants)
    target.refresh_from_db()
    assert (target.status, target.attempts, target.migrations, target.error) == ("done", 2, 1, "")


def test_a_template_that_fails_stops_everything(fleet: Fleet) -> None:
    tenants = fleet.tenants(2)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE t_template.organizations_member ADD COLUMN nickname int")
    fleet.release("column")
    result, _ = fleet.migrate()
    assert result.run is not None
    assert result.run.status == "failed"
    assert [status for _, status in manifest().values()] == ["failed", "pending", "pending"]
    error = MigrationTarget.objects.get(schema_name="t_template").error
    assert error == (
        'DuplicateColumn: column "nickname" of relation "organizations_member" already exists'
    )
    assert migrated(tenants) == [False, False]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE t_template.organizations_member DROP COLUMN nickname")
    result, _ = fleet.migrate(resume=True)
    assert result.run is not None
    assert result.run.status == "done"
    assert migrated(tenants) == [True, True]


class Interrupted(Watched):
    """As if killed when a wave begins: the run's own end is not written."""

    def __init__(self, wave: int) -> None:
        super().__init__()
        self._at = wave

    def wave(self, number: int, targets: int) -> None:
        if number == self._at:
            raise KeyboardInterrupt


def interrupt(fleet: Fleet, wave: int) -> MigrationRun:
    with pytest.raises(KeyboardInterrupt):
        fleet.migrate(canaries=1, display=Interrupted(wave))
    run = MigrationRun.objects.first()
    assert run is not None
    assert run.status == "running"
    return run


def test_an_interrupted_run_is_resumed_where_it_was(fleet: Fleet) -> None:
    tenants = fleet.tenants(5)
    fleet.release("column")
    run = interrupt(fleet, 2)
    assert migrated(tenants) == [True, False, False, False, False]
    # One was done without a mark (a kill between the ordinary executor and its mark), one deleted.
    schemas.schema_migrate(tenants[1].schema_name)
    schemas.schema_drop(tenants[4].schema_name)
    tenants.pop().delete()

    result, display = fleet.migrate(resume=True)

    assert result.run is not None
    assert (result.run.id, result.run.status) == (run.id, "done")
    assert set(display.outcomes) == {"fleet-2", "fleet-3"}
    # The template is done, so the first one is recorded and the other replayed.
    assert display.replayed == {"fleet-3"}
    assert {status for _, status in manifest().values()} == {"done"}
    assert MigrationTarget.objects.get(schema_name=schema_of("fleet-4")).error == GONE
    assert all(migrated(tenants))
    assert MigrationRun.objects.count() == 1


def test_without_resume_an_interrupted_run_is_abandoned_and_nothing_lost(fleet: Fleet) -> None:
    tenants = fleet.tenants(5)
    fleet.release("column")
    old = interrupt(fleet, 2)
    result, _ = fleet.migrate(canaries=0)
    old.refresh_from_db()
    assert (old.status, result.current) == ("abandoned", 1)
    assert old.finished_at is not None
    assert result.run is not None
    assert result.run.targets.count() == 4
    assert all(migrated(tenants))
    # Also where nothing is left to do.
    MigrationRun.objects.update(status="running")
    assert fleet.migrate()[0].run is None
    assert set(MigrationRun.objects.values_list("status", flat=True)) == {"abandoned"}


def test_there_has_to_be_something_to_resume(fleet: Fleet) -> None:
    fleet.tenants(2)
    with pytest.raises(Conflict, match="There is no unfinished run"):
        fleet.migrate(resume=True)
    fleet.release("column")
    fleet.migrate()
    with pytest.raises(Conflict, match="There is no unfinished run"):
        fleet.migrate(resume=True)


def test_a_run_of_another_release_is_not_resumed(fleet: Fleet) -> None:
    tenants = fleet.tenants(3)
    fleet.release("column")
    run = interrupt(fleet, 1)
    fleet.release("constraint")
    with pytest.raises(Conflict, match="another release's version"):
        fleet.migrate(resume=True)
    run.refresh_from_db()
    assert run.status == "running"
    assert migrated(tenants) == [False, False, False]


def test_only_the_platform_migrates(fleet: Fleet) -> None:
    tenants = fleet.tenants(1)
    fleet.release("column")
    person = Actor(ActorKind.PERSON, "alice@acme.test", person_id=uuid.uuid4())
    with pytest.raises(PermissionDenied):
        fleet_migrate(actor=person, options=Options(), display=Display())
    assert migrated(tenants) == [False]


def test_a_missing_role_is_made(fleet: Fleet) -> None:
    one, two = fleet.tenants(2)
    with connection.cursor() as cursor:
        cursor.execute(f'DROP OWNED BY "{two.schema_name}"')
    tenant_role_drop(two.schema_name)
    assert tenant_roles_missing([one.schema_name, two.schema_name]) == [two.schema_name]
    result, _ = fleet.migrate()
    assert (result.run, result.roles_created) == (None, [two.schema_name])
    assert tenant_roles_missing([one.schema_name, two.schema_name]) == []
    assert fleet.migrate()[0].roles_created == []


def test_old_runs_are_pruned_but_the_last_twenty(fleet: Fleet) -> None:
    old = timezone.now() - timedelta(days=91)
    runs = [MigrationRun.objects.create(version="x", actor="y", status="done") for _ in range(25)]
    for number, run in enumerate(runs):
        MigrationTarget.objects.create(
            run=run, tenant_id=uuid.uuid4(), schema_name="t_x", wave=1, status="done"
        )
        MigrationRun.objects.filter(id=run.id).update(created_at=old + timedelta(seconds=number))
    runs_prune()
    assert set(MigrationRun.objects.values_list("id", flat=True)) == {run.id for run in runs[5:]}
    assert MigrationTarget.objects.count() == 20
    # Young ones stay, however many there are.
    MigrationRun.objects.update(created_at=timezone.now() - timedelta(days=89))
    for _ in range(5):
        MigrationRun.objects.create(version="x", actor="y", status="done")
    runs_prune()
    assert MigrationRun.objects.count() == 25
