"""The tenant of a host, remembered: never as it was before the last commit, in any process."""

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.common import caching
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.common.tenancy import require_tenant, tenant_context
from apps.events.drain import drain_once
from apps.events.models import OutboxEvent
from apps.tenants.caches import HOSTS, tenant_of_host, warm_hosts
from apps.tenants.models import Domain, Tenant
from apps.tenants.services import (
    caches_clear,
    maintenance_start,
    tenant_readdress,
    tenant_rename,
    tenant_resume,
    tenant_suspend,
)
from tests.conftest import SYSTEM

HOST = "acme.localhost"
# Asks what a new process is told, for as long as it is asked.
ASKER = """
import django, os, sys
django.setup()
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from apps.tenants.caches import tenant_of_host
connection.settings_dict["NAME"] = os.environ["ASKER_DATABASE"]
settings.CACHE_READS = True
for line in sys.stdin:
    found = tenant_of_host(line.strip())
    print(found and f"{found.status} {found.name}", flush=True)
"""


@pytest.fixture(autouse=True)
def _on(settings: Any) -> Iterator[None]:
    settings.CACHE_READS = True
    yield
    for key in caching.redis_client().scan_iter("cache:*"):
        caching.redis_client().delete(key)


def statements(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        ask()
    return len(captured.captured_queries)


@pytest.mark.django_db
def test_the_second_look_asks_no_database(acme: Tenant) -> None:
    assert statements(lambda: tenant_of_host(HOST)) == 1
    with CaptureQueriesContext(connection) as captured:
        found = tenant_of_host(HOST)
    assert captured.captured_queries == []
    assert found == acme
    assert found is not None
    assert found.ref == acme.ref
    assert {name: getattr(found, name) for name in ("status", "ready_at", "steps_done")} == {
        name: getattr(acme, name) for name in ("status", "ready_at", "steps_done")
    }
    assert statements(lambda: tenant_of_host("nobody.localhost")) == 1
    assert statements(lambda: tenant_of_host("nobody.localhost")) == 1


@pytest.mark.django_db
def test_a_page_costs_a_statement_less(acme: Tenant) -> None:
    client = Client(HTTP_HOST=f"{HOST}:8000")
    client.get("/sign-in/")
    warm = statements(lambda: client.get("/sign-in/"))
    caching.redis_client().delete(*caching.redis_client().scan_iter("cache:*"))
    assert statements(lambda: client.get("/sign-in/")) == warm + 1


@pytest.mark.django_db
def test_every_change_is_seen(acme: Tenant, django_capture_on_commit_callbacks: Any) -> None:
    def seen() -> Tenant | None:
        return tenant_of_host(HOST)

    def change(act: Callable[[], object]) -> None:
        seen()
        with django_capture_on_commit_callbacks(execute=True):
            act()

    change(lambda: tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="x"))
    assert seen().status == "suspended"
    change(lambda: tenant_resume(actor=SYSTEM, tenant_id=acme.id))
    assert seen().status == "ready"
    change(lambda: tenant_rename(actor=SYSTEM, tenant_id=acme.id, name="Acme & Sons"))
    assert seen().name == "Acme & Sons"
    change(lambda: maintenance_start(actor=SYSTEM, tenant_id=acme.id, message="x", minutes=None))
    assert seen().maintenance_since is not None
    change(lambda: tenant_readdress(actor=SYSTEM, tenant_id=acme.id, slug="acme-works"))
    assert seen().slug == "acme-works"
    assert tenant_of_host("acme-works.localhost") == acme
    change(lambda: Domain.objects.get(domain=HOST).delete())
    assert seen() is None


@pytest.mark.django_db
def test_cleared_by_hand(acme: Tenant, django_capture_on_commit_callbacks: Any) -> None:
    tenant_of_host(HOST)
    # Past the services: nobody is told.
    Tenant.objects.filter(id=acme.id).update(name="By hand")
    assert tenant_of_host(HOST).name == "Acme"
    with django_capture_on_commit_callbacks(execute=True):
        assert caches_clear(actor=SYSTEM, tenant_id=acme.id, namespace="tenants.hosts") == [
            "tenants.hosts"
        ]
    assert tenant_of_host(HOST).name == "By hand"
    told = OutboxEvent.objects.get(name="tenants.caches_cleared")
    assert (told.tenant_id, told.payload["namespaces"]) == (acme.id, "tenants.hosts")
    assert acme.history.filter(action="caches_cleared", reason="tenants.hosts").exists()
    assert "portal.figures" in caches_clear(actor=SYSTEM, tenant_id=acme.id)


@pytest.mark.django_db
def test_only_the_platform_clears_and_only_what_is_there(acme: Tenant, owner: Actor) -> None:
    with pytest.raises(PermissionDenied):
        caches_clear(actor=owner, tenant_id=acme.id)
    with pytest.raises(InvalidInput, match="There is no cache x"):
        caches_clear(actor=SYSTEM, tenant_id=acme.id, namespace="x")
    with pytest.raises(NotFound):
        caches_clear(actor=SYSTEM, tenant_id=uuid.uuid4())
    assert not OutboxEvent.objects.filter(name="tenants.caches_cleared").exists()


@pytest.mark.django_db
def test_the_command(acme: Tenant) -> None:
    out = StringIO()
    call_command("tenants", "clear-caches", "acme", "--namespace", "tenants.hosts", stdout=out)
    assert out.getvalue() == "Cleared: tenants.hosts.\n"
    with pytest.raises(CommandError, match="There is no cache"):
        call_command("tenants", "clear-caches", "acme", "--namespace", "x", stdout=out)


@pytest.mark.django_db
def test_a_workspace_that_opens_is_warmed(
    acme: Tenant, settings: Any, django_capture_on_commit_callbacks: Any, monkeypatch: Any
) -> None:
    OutboxEvent.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="x")
        drain_once()
        tenant_resume(actor=SYSTEM, tenant_id=acme.id)
    warmed: list[uuid.UUID] = []
    monkeypatch.setitem(caching._warmers, "tests", lambda: warmed.append(require_tenant().id))
    drain_once()
    assert warmed == [acme.id]
    assert statements(lambda: tenant_of_host(HOST)) == 0


@pytest.mark.django_db
def test_warming(acme: Tenant) -> None:
    assert caching.warmers()["tenants.hosts"] is warm_hosts
    with tenant_context(acme):
        warm_hosts()
    assert statements(lambda: tenant_of_host(HOST)) == 0


@pytest.mark.django_db(transaction=True)
def test_no_process_is_told_an_old_state_after_the_commit(acme: Tenant) -> None:
    """Two others ask all the time; who asks after a commit is told what was committed."""
    env = {**os.environ, "ASKER_DATABASE": connection.settings_dict["NAME"]}
    askers = [
        subprocess.Popen(
            [sys.executable, "-c", ASKER],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]

    def told(asker: subprocess.Popen) -> str:
        asker.stdin.write(f"{HOST}\n")
        asker.stdin.flush()
        return asker.stdout.readline().strip()

    try:
        assert [told(asker) for asker in askers] == ["ready Acme"] * 2
        over = threading.Event()
        names: list[str] = []

        def keep_asking() -> None:
            # Fills the cache again in the midst of the changes.
            while not over.is_set():
                names.append(told(askers[1]))

        noise = threading.Thread(target=keep_asking)
        noise.start()
        try:
            for number in range(30):
                tenant_rename(actor=SYSTEM, tenant_id=acme.id, name=f"Acme {number}")
                assert told(askers[0]) == f"ready Acme {number}"
        finally:
            over.set()
            noise.join(10)
        # In the order of the commits, for whoever asked in between.
        numbers = [int(name.rpartition(" ")[2]) for name in names if name != "ready Acme"]
        assert numbers == sorted(numbers)
        tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="x")
        assert [told(asker) for asker in askers] == ["suspended Acme 29"] * 2
    finally:
        for asker in askers:
            asker.kill()
            asker.wait(10)
            asker.stdin.close()
            asker.stdout.close()


@pytest.mark.django_db(transaction=True)
def test_after_the_commit_and_before_its_hook(acme: Tenant, monkeypatch: Any) -> None:
    tenant_of_host(HOST)
    # The process dies between the two.
    monkeypatch.setattr(caching, "_changed", lambda *_args: None)
    tenant_suspend(actor=SYSTEM, tenant_id=acme.id, reason="x")
    assert [tenant_of_host(HOST).status for _ in range(2)] == ["suspended"] * 2
    assert HOSTS.is_strict
