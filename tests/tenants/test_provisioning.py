"""The provisioning machine: resumed after errors and deaths, never run twice, failing visibly."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Person
from apps.accounts.selectors import is_member
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.models import Member, Organization
from apps.roles.models import Role
from apps.tenants import provisioning, schemas
from apps.tenants.models import Tenant
from apps.tenants.purging import purge
from apps.tenants.roles import tenant_roles_missing
from apps.tenants.selectors import tenants_to_provision, tenants_to_purge
from apps.tenants.services import tenant_create, tenant_delete, tenant_resume, tenant_retry

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


@pytest.fixture
def pending(alice: Person) -> Tenant:
    return tenant_create(actor=SYSTEM, name="New", slug="newco", owner_person_id=alice.id)


def test_a_new_tenant_gets_schema_roles_root_and_owner(pending: Tenant, alice: Person) -> None:
    assert provisioning.provision(pending.id) is True
    pending.refresh_from_db()
    assert (pending.status, pending.attempts) == ("ready", 0)
    assert pending.steps_done == [
        "schema",
        "plan",
        "roles",
        "organization",
        "owner",
        "onboarding",
    ]
    assert provisioning.progress(pending).percent == 100
    with tenant_context(pending):
        assert set(Role.objects.values_list("code", flat=True)) == {
            "owner",
            "admin",
            "billing_admin",
            "auditor",
            "member",
        }
        assert [o.name for o in Organization.objects.all()] == ["New"]
        owner = Member.objects.get()
        assert (owner.person_id, owner.email) == (alice.id, "alice@acme.test")
        assert [b.role.code for b in owner.bindings.all()] == ["owner"]
    assert is_member(alice.id, pending.id)
    assert [str(e) for e in reversed(pending.history.all())] == [
        "created: - → pending",
        "provisioning_started: pending → provisioning",
        "provisioned: provisioning → ready",
    ]


def test_an_error_is_recorded_and_the_next_run_goes_on_from_there(
    pending: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = provisioning._steps["organization"]
    calls: list[str] = []

    def fail(tenant: Tenant) -> None:
        calls.append(tenant.slug)
        Organization.objects.add_root(instance=Organization(name="half made"))
        raise RuntimeError("disk on fire")

    monkeypatch.setitem(
        provisioning._steps, "organization", provisioning.Step("organization", "x", 30, fail)
    )
    assert provisioning.provision(pending.id) is False
    pending.refresh_from_db()
    assert (pending.status, pending.attempts) == ("provisioning", 1)
    assert pending.steps_done == ["schema", "plan", "roles"]
    assert "RuntimeError: disk on fire" in pending.last_error
    assert pending.next_attempt_at is not None

    monkeypatch.setitem(provisioning._steps, "organization", broken)
    assert provisioning.provision(pending.id) is True
    with tenant_context(pending):
        assert [o.name for o in Organization.objects.all()] == ["New"]
    assert calls == ["newco"]


def test_after_five_failures_it_is_failed_and_staff_can_retry(
    pending: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(tenant: Tenant) -> None:
        raise RuntimeError("no luck")

    real = provisioning._steps["roles"]
    monkeypatch.setitem(provisioning._steps, "roles", provisioning.Step("roles", "Roles", 20, fail))
    for _ in range(5):
        assert provisioning.provision(pending.id) is False
    pending.refresh_from_db()
    assert (pending.status, pending.attempts) == ("failed", 5)
    assert pending.status_reason == "RuntimeError: no luck"
    states = [state for _, state in provisioning.progress(pending).steps]
    assert states == ["done", "done", "failed", "waiting", "waiting", "waiting"]
    assert provisioning.provision(pending.id) is False

    monkeypatch.setitem(provisioning._steps, "roles", real)
    tenant_retry(actor=SYSTEM, tenant_id=pending.id)
    assert provisioning.provision(pending.id) is True


def test_the_sweep_finds_what_stands_still(pending: Tenant) -> None:
    assert list(tenants_to_provision()) == []
    Tenant.objects.filter(id=pending.id).update(updated_at=timezone.now() - timedelta(seconds=6))
    assert list(tenants_to_provision()) == [pending]
    Tenant.objects.filter(id=pending.id).update(
        next_attempt_at=timezone.now() + timedelta(seconds=60)
    )
    assert list(tenants_to_provision()) == []


@pytest.mark.django_db(transaction=True)
def test_eight_workers_run_each_step_once(pending: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []
    for name, step in list(provisioning._steps.items()):

        def counted(tenant: Tenant, step: provisioning.Step = step) -> None:
            runs.append(step.name)
            step.run(tenant)

        monkeypatch.setitem(
            provisioning._steps,
            name,
            provisioning.Step(name, step.label, step.order, counted),
        )

    barrier = threading.Barrier(8)
    results: list[Any] = []

    def work() -> None:
        barrier.wait()
        try:
            results.append(provisioning.provision(pending.id))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A worker that finds the row locked leaves; whoever holds it goes on. Nobody ran a step twice.
    assert sorted(runs) == sorted(set(runs))
    if True not in results:
        assert provisioning.provision(pending.id) is True
    assert sorted(runs) == ["onboarding", "organization", "owner", "plan", "roles", "schema"]


def test_deletion_waits_for_its_grace_and_leaves_nothing(globex: Tenant, charlie: Person) -> None:
    tenant_delete(actor=SYSTEM, tenant_id=globex.id, reason="asked for", grace_days=1)
    assert list(tenants_to_purge()) == []
    assert purge(globex.id) is False

    tenant_resume(actor=SYSTEM, tenant_id=globex.id)
    globex.refresh_from_db()
    assert (globex.status, globex.delete_after) == ("ready", None)

    tenant_delete(actor=SYSTEM, tenant_id=globex.id, reason="asked again", grace_days=0)
    assert purge(globex.id) is True
    assert not Tenant.objects.filter(id=globex.id).exists()
    assert schemas.schemas_existing([globex.schema_name]) == set()
    assert tenant_roles_missing([globex.schema_name]) == [globex.schema_name]
    assert not is_member(charlie.id, globex.id)
    assert OutboxEvent.objects.filter(name="tenants.tenant_deleted").count() == 1
