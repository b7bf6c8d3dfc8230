"""Several who delete at once, and a deletion beside an export: threads and real commits."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.common.database import system_connection
from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.tenants import purging
from apps.tenants.exports import jobs
from apps.tenants.models import Tenant
from apps.tenants.purging import purge
from apps.tenants.services import export_request
from tests.conftest import SYSTEM
from tests.tenants.test_purging import NOTHING, due, left_of

__all__ = ["due"]


@pytest.mark.django_db(transaction=True)
def test_eight_workers_do_each_batch_once(due: Tenant, settings: Any) -> None:
    barrier, results = threading.Barrier(8), []

    def work() -> None:
        barrier.wait()
        try:
            # A worker that finds the row locked leaves; the sweep would come again.
            for _ in range(200):
                results.append(purge(due.id))
                with system_connection():
                    if not Tenant.objects.filter(id=due.id).exists():
                        return
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(True) == 1
    assert left_of(due, settings.FILES_ROOT) == NOTHING
    assert OutboxEvent.objects.filter(name="tenants.tenant_deleted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_waits_for_an_export_that_is_being_written(
    due: Tenant, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an archive is put in its place the tables cannot go, so that it cannot come after all is gone."""
    monkeypatch.setattr(purging, "LOCK_TIMEOUT_MS", 100)
    Tenant.objects.filter(id=due.id).update(delete_after=timezone.now() + timedelta(days=1))
    export = export_request(actor=SYSTEM, tenant_id=due.id)
    outcomes = []
    real = jobs._finish

    def slow(*args: Any) -> None:
        Tenant.objects.filter(id=due.id).update(delete_after=timezone.now())
        outcomes.append(purge(due.id))
        real(*args)

    monkeypatch.setattr(jobs, "_finish", slow)
    assert jobs.export_run(export.id) is False
    assert outcomes == [False]
    due.refresh_from_db()
    assert "LockNotAvailable" in due.last_error
    with tenant_context(due):
        assert list(tenant_files.walk()) == []
    assert purge(due.id) is True
    assert left_of(due, settings.FILES_ROOT) == NOTHING
