"""kill -9 of a worker at any moment of an export: no half archive, and the next run finishes."""

import os
import signal
import time
import uuid
import zipfile

import pytest
from django.db import connections

from apps.common.actors import Actor
from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.tenants.exports import jobs
from apps.tenants.models import Export, Tenant
from apps.tenants.services import export_request

KILLS = 12


def export_in_a_child(export: Export) -> int:
    """A worker process that exports; returns its pid."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            jobs.export_run(export.id)
        finally:
            os._exit(0)
    return pid


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_moment_it_is_resumed(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    calm = export_request(actor=Actor.system("tests"), tenant_id=acme.id)
    began_s = time.monotonic()
    os.waitpid(export_in_a_child(calm), 0)
    whole_s = time.monotonic() - began_s

    interrupted = set()
    for number in range(KILLS):
        export = export_request(actor=Actor.system("tests"), tenant_id=acme.id)
        pid = export_in_a_child(export)
        time.sleep(whole_s * number / KILLS)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        export.refresh_from_db()
        interrupted.add((export.status, export.tables_done))
        if export.status != "ready":
            # Its worker is dead; the sweep finds that out by its silence.
            monkeypatch.setattr(jobs, "STALE_S", -1)
            monkeypatch.setattr(jobs, "QUEUED_STALE_S", -1)
            found: list[uuid.UUID] = []
            jobs.exports_resume(found.append)
            assert found == [export.id]
            assert jobs.export_run(export.id) is True
            monkeypatch.undo()
        export.refresh_from_db()
        assert (export.status, export.error) == ("ready", "")
        with tenant_context(acme):
            mine = [name for name in tenant_files.walk() if str(export.id) in name]
            assert mine == [export.file]
            with tenant_files.open(export.file) as file:
                assert zipfile.ZipFile(file).testzip() is None
    # The kills did hit different moments.
    assert len(interrupted) > 1
