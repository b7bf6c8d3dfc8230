"""Who may ask for an archive, and when."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.common.access import of_system_role, permissions
from apps.common.actors import Actor
from apps.common.errors import Conflict, NotFound, PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.organizations.actors import actor_for
from apps.organizations.models import Member
from apps.roles.models import Role
from apps.roles.selectors import role_by_code
from apps.tenants.exports.selectors import export_for, export_link, exports_for, percent
from apps.tenants.models import Export, Tenant
from apps.tenants.permissions import EXPORT_DATA
from apps.tenants.services import export_request
from tests.conftest import World

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


def test_an_owner_asks(acme: Tenant, owner: Actor) -> None:
    export = export_request(actor=owner, tenant_id=acme.id)
    assert (export.status, export.requested_by) == ("queued", "alice@acme.test")
    with tenant_context(None):
        assert acme.history.first().action == "export_requested"  # type: ignore[union-attr]
        event = OutboxEvent.objects.get(name="tenants.export_requested")
    assert (event.tenant_id, event.actor_label) == (acme.id, "alice@acme.test")
    assert event.payload == {"tenant_id": str(acme.id), "export_id": str(export.id)}


def test_only_owners_hold_the_permission(acme: Tenant, bob_member: Member) -> None:
    permission = permissions()[EXPORT_DATA]
    assert (permission.label, permission.dangerous) == ("Export everything", True)
    for code in ("admin", "member"):
        assert EXPORT_DATA not in of_system_role(code)
    bob_member.bindings.update(role=role_by_code("admin"))
    for_admin = _actor(bob_member)
    with pytest.raises(PermissionDenied):
        export_request(actor=for_admin, tenant_id=acme.id)
    with pytest.raises(PermissionDenied):
        exports_for(for_admin)
    role = Role.objects.create(code="archivist", name="Archivist", permissions=[EXPORT_DATA])
    bob_member.bindings.update(role=role)
    assert export_request(actor=_actor(bob_member), tenant_id=acme.id).status == "queued"
    assert Export.objects.count() == 1


def _actor(member: Member) -> Actor:
    from apps.accounts.models import Person

    return actor_for(Person.objects.get(id=member.person_id))


def test_not_for_another_tenant_nor_from_outside(world: World, owner: Actor) -> None:
    with pytest.raises(NotFound):
        export_request(actor=owner, tenant_id=world.globex.id)
    with tenant_context(None), pytest.raises(NotFound):
        export_request(actor=owner, tenant_id=world.acme.id)
    with tenant_context(None):
        assert Export.objects.count() == 0


def test_another_tenants_export_is_like_a_missing_one(world: World, owner: Actor) -> None:
    with tenant_context(None):
        theirs = export_request(actor=SYSTEM, tenant_id=world.globex.id)
    assert list(exports_for(owner)) == []
    with pytest.raises(NotFound):
        export_for(owner, theirs.id)


def test_one_at_a_time(acme: Tenant, globex: Tenant) -> None:
    export = export_request(actor=SYSTEM, tenant_id=acme.id)
    for status in ("queued", "running"):
        Export.objects.filter(id=export.id).update(status=status)
        with pytest.raises(Conflict) as caught:
            export_request(actor=SYSTEM, tenant_id=acme.id)
        assert caught.value.code == "export_running"
    export_request(actor=SYSTEM, tenant_id=globex.id)
    Export.objects.filter(id=export.id).update(status="ready")
    export_request(actor=SYSTEM, tenant_id=acme.id)
    assert Export.objects.filter(tenant=acme).count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_ask_at_once_one_is_heard(acme: Tenant) -> None:
    barrier, outcomes = threading.Barrier(8), []

    def work() -> None:
        barrier.wait()
        try:
            export_request(actor=SYSTEM, tenant_id=acme.id)
            outcomes.append("asked")
        except Conflict as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["asked", *["export_running"] * 7]
    assert Export.objects.count() == 1


def test_people_ask_five_times_a_day(acme: Tenant, owner: Actor) -> None:
    Export.objects.bulk_create(
        Export(tenant=acme, status=status, requested_by="x")
        for status in ("ready", "ready", "ready", "ready", "expired", "failed")
    )
    with pytest.raises(Conflict) as caught:
        export_request(actor=owner, tenant_id=acme.id)
    assert caught.value.code == "too_many_exports"
    assert Export.objects.count() == 6
    oldest = Export.objects.order_by("id").first()
    assert oldest is not None
    Export.objects.filter(id=oldest.id).update(created_at=timezone.now() - timedelta(hours=25))
    Export.objects.filter(status="failed").update(status="expired", created_at=timezone.now())
    with pytest.raises(Conflict):
        export_request(actor=owner, tenant_id=acme.id)
    with tenant_context(None):
        assert export_request(actor=SYSTEM, tenant_id=acme.id).status == "queued"


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"status": "ready"}, True),
        ({"status": "suspended"}, True),
        ({"status": "archived"}, True),
        ({"status": "deleting"}, True),
        ({"status": "deleting", "purge_started_at": timezone.now()}, False),
        ({"status": "deleting", "ready_at": None}, False),
        ({"status": "pending"}, False),
        ({"status": "provisioning"}, False),
        ({"status": "failed"}, False),
    ],
)
def test_states(acme: Tenant, changes: dict[str, Any], allowed: bool) -> None:
    Tenant.objects.filter(id=acme.id).update(**changes)
    if allowed:
        export_request(actor=SYSTEM, tenant_id=acme.id)
    else:
        with pytest.raises(Conflict) as caught:
            export_request(actor=SYSTEM, tenant_id=acme.id)
        assert caught.value.code == "not_exportable"
    assert Export.objects.count() == int(allowed)


def test_a_link_only_while_the_archive_is_there(acme: Tenant, in_acme: None) -> None:
    later = timezone.now() + timedelta(days=1)
    ready = Export(tenant=acme, status="ready", file="exports/x.zip", expires_at=later)
    ready.created_at = timezone.now()
    link = export_link(ready)
    assert link is not None
    assert link.startswith("http://acme.localhost:8000/files/")
    for changes in (
        {"status": "expired"},
        {"status": "running"},
        {"file": ""},
        {"expires_at": timezone.now()},
    ):
        changed = Export(tenant=acme, status="ready", file="exports/x.zip", expires_at=later)
        for name, value in changes.items():
            setattr(changed, name, value)
        assert export_link(changed) is None


@pytest.mark.parametrize(
    ("status", "done", "total", "expected"),
    [
        ("queued", 0, 0, 0),
        ("running", 0, 12, 0),
        ("running", 5, 12, 41),
        ("running", 12, 12, 99),
        ("failed", 6, 12, 50),
        ("ready", 12, 12, 100),
        ("expired", 12, 12, 100),
    ],
)
def test_percent(status: str, done: int, total: int, expected: int) -> None:
    assert percent(Export(status=status, tables_done=done, tables_total=total)) == expected
