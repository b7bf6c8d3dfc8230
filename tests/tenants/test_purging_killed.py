"""kill -9 at any moment of a deletion, and creations and deletions all at once: no orphan of any kind."""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection, connections

from apps.accounts.models import Person
from apps.common.database import system_connection
from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.models import Member
from apps.tenants import purging, schemas
from apps.tenants.models import Domain, Export, Tenant
from apps.tenants.provisioning import provision
from apps.tenants.services import tenant_create, tenant_delete
from tests.conftest import SYSTEM, World, make_tenant
from tests.tenants.test_provisioning_killed import wait_until_nobody_holds
from tests.tenants.test_purging import NOTHING, left_of

pytestmark = pytest.mark.django_db(transaction=True)
KILLS = 12
THREADS, ROUNDS = 8, 3


def full(slug: str, owner: Person) -> Tenant:
    """A due tenant with files and exports."""
    tenant = make_tenant(slug, owner)
    with tenant_context(tenant):
        for number in range(20):
            tenant_files.save(f"{number % 4}/{number}.txt", ContentFile(b"x"))
    Export.objects.create(tenant=tenant, status="ready", requested_by="x", file="0/0.txt")
    tenant_delete(actor=SYSTEM, tenant_id=tenant.id, reason="left", grace_days=0)
    return tenant


def purge_in_a_child(tenant: Tenant) -> int:
    """A worker process that deletes; returns its pid."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            purging.purge(tenant.id)
        finally:
            os._exit(0)
    return pid


def test_killed_at_any_moment_it_is_resumed(
    world: World, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    from apps.tenants import purge_steps

    monkeypatch.setattr(purge_steps, "BATCH_FILES", 4)
    monkeypatch.setattr(purge_steps, "TABLES_AT_ONCE", 1)
    calm = full("calm", world.charlie)
    began_s = time.monotonic()
    os.waitpid(purge_in_a_child(calm), 0)
    whole_s = time.monotonic() - began_s
    assert left_of(calm, settings.FILES_ROOT) == NOTHING

    untouched = left_of(world.acme, settings.FILES_ROOT)
    interrupted = set()
    for number in range(KILLS):
        tenant = full(f"killed-{number}", world.charlie)
        pid = purge_in_a_child(tenant)
        time.sleep(whole_s * number / KILLS)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        wait_until_nobody_holds(tenant)

        found = Tenant.objects.filter(id=tenant.id).first()
        interrupted.add(len(found.steps_done) if found else "gone")
        if found is not None:
            if found.purge_started_at is None:
                assert schemas.schemas_existing([tenant.schema_name])
            assert purging.purge(tenant.id) is True
        assert left_of(tenant, settings.FILES_ROOT) == NOTHING
    assert OutboxEvent.objects.filter(name="tenants.tenant_deleted").count() == KILLS + 1
    assert left_of(world.acme, settings.FILES_ROOT) == untouched
    with tenant_context(world.acme):
        assert Member.objects.count() == 2
    # The kills did hit different moments.
    assert len(interrupted) > 1


def names_in(sql: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {row[0] for row in cursor.fetchall()}


def roles() -> set[str]:
    """Of this test's tenants: roles are the whole server's, on which other tests run."""
    return names_in("SELECT rolname FROM pg_roles WHERE rolname LIKE 't\\_round%'")


def orphans(settings: Any, roles_before: set[str]) -> list[str]:
    """Schemas, roles, folders and domains that belong to no tenant."""
    tenants = list(Tenant.objects.all())
    names = {tenant.schema_name for tenant in tenants} | {schemas.TEMPLATE}
    folders = {path.name for path in (Path(settings.FILES_ROOT) / "tenants").glob("*")}
    schemas_there = names_in("SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%'")
    return [
        *sorted(schemas_there - names),
        *sorted(roles() - roles_before - names),
        *sorted(folders - {str(tenant.id) for tenant in tenants}),
        *Domain.objects.exclude(tenant__in=tenants).values_list("domain", flat=True),
    ]


def delete_all_due() -> None:
    for tenant_id in list(Tenant.objects.filter(status="deleting").values_list("id", flat=True)):
        purging.purge(tenant_id)


def test_creations_and_deletions_at_once_leave_no_orphan(world: World, settings: Any) -> None:
    """Eight threads create, provision and delete; each also deletes what the others have begun to."""
    barrier = threading.Barrier(THREADS)
    errors: list[BaseException] = []
    roles_before = roles()

    def work(number: int) -> None:
        barrier.wait()
        try:
            with system_connection():
                for turn in range(ROUNDS):
                    tenant = tenant_create(
                        actor=SYSTEM,
                        name="Round",
                        slug=f"round-{number}-{turn}",
                        owner_person_id=world.bob.id,
                    )
                    if (number + turn) % 4:
                        provision(tenant.id)
                        with tenant_context(tenant):
                            tenant_files.save("a.txt", ContentFile(b"x"))
                    if (number + turn) % 3:
                        tenant_delete(actor=SYSTEM, tenant_id=tenant.id, reason="x", grace_days=0)
                    delete_all_due()
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    # Who found a row locked left it to the other; one more sweep finds nothing, or the last of it.
    Tenant.objects.filter(status="deleting").update(next_attempt_at=None)
    delete_all_due()
    assert not Tenant.objects.filter(status="deleting").exists()

    kept = sum(1 for n in range(THREADS) for turn in range(ROUNDS) if not (n + turn) % 3)
    assert Tenant.objects.filter(slug__startswith="round-").count() == kept
    assert orphans(settings, roles_before) == []
    deleted = OutboxEvent.objects.filter(name="tenants.tenant_deleted").count()
    assert deleted == THREADS * ROUNDS - kept
    with tenant_context(world.globex):
        assert Member.objects.count() == 1

    for tenant in Tenant.objects.filter(slug__startswith="round-"):
        tenant_delete(actor=SYSTEM, tenant_id=tenant.id, reason="x", grace_days=0)
    delete_all_due()
    assert not Tenant.objects.filter(slug__startswith="round-").exists()
    assert orphans(settings, roles_before) == []
    assert roles() == roles_before
