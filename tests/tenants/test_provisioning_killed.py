"""kill -9 of a worker at any moment of provisioning: nothing half made, and the next run finishes."""

import os
import signal
import time

import pytest
from django.db import connection, connections

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization, RoleBinding
from apps.tenants import provisioning, schemas
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_create

SYSTEM = Actor.system("tests")
KILLS = 16


def provision_in_a_child(tenant: Tenant) -> int:
    """A worker process that provisions; returns its pid."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            provisioning.provision(tenant.id)
        finally:
            os._exit(0)
    return pid


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_moment_it_is_whole_or_absent_and_resumes(alice: Person) -> None:
    calm = tenant_create(actor=SYSTEM, name="Calm", slug="calm", owner_person_id=alice.id)
    began_s = time.monotonic()
    os.waitpid(provision_in_a_child(calm), 0)
    whole_s = time.monotonic() - began_s

    interrupted = set()
    for number in range(KILLS):
        tenant = tenant_create(
            actor=SYSTEM, name="Killed", slug=f"killed-{number}", owner_person_id=alice.id
        )
        pid = provision_in_a_child(tenant)
        time.sleep(whole_s * number / KILLS)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        wait_until_nobody_holds(tenant)

        tenant.refresh_from_db()
        interrupted.add((tenant.status, len(tenant.steps_done)))
        exists = schemas.schemas_existing([tenant.schema_name]) == {tenant.schema_name}
        assert exists == ("schema" in tenant.steps_done)

        assert tenant.status == "ready" or provisioning.provision(tenant.id) is True
        tenant.refresh_from_db()
        assert (tenant.status, tenant.attempts) == ("ready", 0)
        with tenant_context(tenant):
            counts = [m.objects.count() for m in (Organization, Member, RoleBinding)]
        assert counts == [1, 1, 1]
    # The kills did hit different moments.
    assert len(interrupted) > 1


def wait_until_nobody_holds(tenant: Tenant) -> None:
    """PostgreSQL notices a client's death when it next talks to it; the row is locked until then."""
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            if cursor.fetchone()[0] == 0:
                return
        time.sleep(0.01)
    raise AssertionError("a killed worker's connection is still there")
