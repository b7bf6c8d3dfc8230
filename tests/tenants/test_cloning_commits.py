"""Copies with real commits: of one moment while others write, and whole or absent when a worker is killed."""

import os
import signal
import threading
import time
import uuid

import pytest
from django.db import connection, transaction

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization, RoleBinding
from apps.tenants import schemas
from apps.tenants.models import Tenant
from apps.tenants.provisioning import provision
from apps.tenants.services import tenant_clone
from tests.conftest import SYSTEM
from tests.tenants.test_provisioning_killed import (
    provision_in_a_child,
    wait_until_nobody_holds,
)

pytestmark = pytest.mark.django_db(transaction=True)
KILLS = 8


def ask(source: Tenant, owner: Person, slug: str) -> Tenant:
    return tenant_clone(
        actor=SYSTEM, tenant_id=source.id, slug=slug, name="Trial", owner_person_id=owner.id
    )


def test_writes_meanwhile_do_not_tear_it(acme: Tenant, charlie: Person) -> None:
    """Units and members are added in pairs, each pair in one transaction: a copy has both or none."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        try:
            with tenant_context(acme):
                root = Organization.objects.get(depth=1)
                while not stop.is_set():
                    number += 1
                    with transaction.atomic():
                        unit = Organization.objects.add_child(
                            root, instance=Organization(name=f"late {number}")
                        )
                        Member.objects.create(
                            person_id=uuid.uuid4(),
                            email=f"late{number}@x.test",
                            name=f"late {number}",
                            organization=unit,
                        )
                    root.refresh_from_db()
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    found = []
    try:
        for number in range(4):
            clone = ask(acme, charlie, f"trial-{number}")
            assert provision(clone.id) is True, Tenant.objects.get(id=clone.id).last_error
            with tenant_context(clone):
                units = Organization.objects.filter(name__startswith="late")
                found.append((units.count(), Member.objects.filter(organization__in=units).count()))
    finally:
        stop.set()
        writer.join()
    assert [units for units, members in found if units != members] == []
    assert found[-1][0] > found[0][0]


def test_killed_at_any_moment_it_is_whole_or_absent_and_resumes(
    acme: Tenant, charlie: Person
) -> None:
    calm = ask(acme, charlie, "calm")
    began_s = time.monotonic()
    os.waitpid(provision_in_a_child(calm), 0)
    whole_s = time.monotonic() - began_s

    interrupted = set()
    for number in range(KILLS):
        clone = ask(acme, charlie, f"killed-{number}")
        pid = provision_in_a_child(clone)
        time.sleep(whole_s * number / KILLS)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        wait_until_nobody_holds(clone)

        clone.refresh_from_db()
        interrupted.add((clone.status, len(clone.steps_done)))
        exists = schemas.schemas_existing([clone.schema_name]) == {clone.schema_name}
        assert exists == ("schema" in clone.steps_done)
        assert clone.status == "ready" or provision(clone.id) is True
        with tenant_context(clone):
            counts = [m.objects.count() for m in (Organization, Member, RoleBinding)]
            assert Member.objects.filter(email__endswith="@masked.invalid").count() == 2
        assert counts == [1, 3, 3]
    assert len(interrupted) > 1
