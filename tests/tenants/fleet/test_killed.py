"""kill -9 at any moment of a run: the manifest says what is true, and the next run finishes."""

import os
import signal
import time

from django.db import connection, connections

from apps.common.errors import Conflict
from apps.tenants import schemas
from apps.tenants.models import MigrationRun, Tenant
from tests.tenants.catalogue import catalogue, migrations
from tests.tenants.fleet.conftest import COLUMN, Fleet

KILLS = 6
TENANTS = 20


def migrate_in_a_child(fleet: Fleet) -> int:
    """A process of its own that migrates; returns its pid."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            fleet.migrate(canaries=3, jobs=2)
        finally:
            os._exit(0)
    return pid


def set_back(tenants: list[Tenant]) -> None:
    """To the version before, for the next kill."""
    with connection.cursor() as cursor:
        for name in [schemas.TEMPLATE, *(tenant.schema_name for tenant in tenants)]:
            cursor.execute(
                f'ALTER TABLE "{name}".organizations_member DROP COLUMN IF EXISTS nickname;'
                f"DELETE FROM \"{name}\".django_migrations WHERE name = '{COLUMN[1]}'"
            )
    MigrationRun.objects.all().delete()


def resume(fleet: Fleet) -> None:
    """At once: PostgreSQL may not have noticed the death yet, and still hold the run's lock."""
    give_up_at_s = time.monotonic() + 10
    while True:
        try:
            fleet.migrate(canaries=3, jobs=2, resume=MigrationRun.objects.exists())
        except Conflict as error:
            if error.code != "migration_running" or time.monotonic() > give_up_at_s:
                raise
            time.sleep(0.005)
        else:
            return


def test_killed_at_any_moment_it_resumes_and_all_end_at_one_version(fleet: Fleet) -> None:
    tenants = fleet.tenants(TENANTS)
    fleet.release("column")
    began_s = time.monotonic()
    os.waitpid(migrate_in_a_child(fleet), 0)
    whole_s = time.monotonic() - began_s
    expected = catalogue(schemas.TEMPLATE)

    interrupted = set()
    for number in range(KILLS):
        set_back(tenants)
        pid = migrate_in_a_child(fleet)
        time.sleep(whole_s * (number + 0.5) / KILLS)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        run = MigrationRun.objects.first()
        done = run.targets.filter(status="done").count() if run else None
        if run and run.status == "done":
            assert done == TENANTS + 1
        else:
            interrupted.add(done)
            resume(fleet)

        # The same run, whole: every schema once, each with its mark; and the schemas are as it says.
        run = MigrationRun.objects.get()
        assert run.status == "done"
        assert run.targets.filter(status="done").count() == run.targets.count() == TENANTS + 1
        assert run.targets.exclude(attempts=1).count() <= 2
        for tenant in tenants:
            assert COLUMN in migrations(tenant.schema_name)
            assert catalogue(tenant.schema_name) == expected
    # The kills did hit different moments.
    assert len(interrupted) > 1
