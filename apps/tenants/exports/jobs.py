"""The job of making an archive: claimed by one worker, begun anew when that dies, forgotten after days."""

import errno
import hashlib
import os
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import IO

import psycopg
import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.events.services import publish
from apps.tenants.enums import ExportStatus as E
from apps.tenants.events import ExportFinished
from apps.tenants.exports.archive import FOLDER, archive
from apps.tenants.exports.selectors import exports_due, exports_stale
from apps.tenants.exports.snapshot import SchemaUnreadable
from apps.tenants.live import tell_export, tell_export_progress
from apps.tenants.models import Export, Tenant
from apps.tenants.services.exports import UNFINISHED, is_exportable
from apps.tenants.services.transitions import note

log = structlog.get_logger(__name__)

ACTOR = Actor.system("exports")
HEARTBEAT_S = 5
# Without a sign of life for so long, a worker is taken for dead, and a task in the queue for lost.
STALE_S = 120
QUEUED_STALE_S = 60
GIVE_UP_AFTER = timedelta(days=1)
BLOCK_BYTES = 1024 * 1024


class Superseded(Exception):
    """The export is not this worker's any more: it was taken over, or its tenant is being deleted."""


@system_connection()
def export_run(
    export_id: uuid.UUID, on_progress: Callable[[int, int], None] = lambda _done, _total: None
) -> bool:
    """Make the archive; True when it is ready. Records a failure, never raises it.

    Returns False too when another worker is at it, or it is not wanted any more.
    """
    export = _claim(export_id)
    if export is None:
        return False
    try:
        _make(export, on_progress)
    except Superseded:
        log.info("exports.superseded", export_id=str(export_id))
        _files_delete(export, mine=True)
        return False
    except Exception as error:
        # Any error means the same: the person is told that it failed, and may ask again.
        log.exception("exports.failed", export_id=str(export_id))
        _fail(export, _readable(error))
        return False
    return True


@transaction.atomic
def _claim(export_id: uuid.UUID) -> Export | None:
    """Take a queued export, or one whose worker has died. `started_at` tells this attempt from others."""
    export = _locked(export_id)
    if export is None or export.status not in UNFINISHED:
        return None
    now = timezone.now()
    if export.status == E.RUNNING and export.updated_at > now - timedelta(seconds=STALE_S):
        return None
    export.status, export.started_at, export.tables_done = E.RUNNING, now, 0
    export.save(update_fields=["status", "started_at", "tables_done", "updated_at"])
    return export


def _locked(export_id: uuid.UUID) -> Export | None:
    """An export whose tenant may still be exported, both rows locked: the tenant first, as everywhere."""
    of_it = Export.objects.filter(id=export_id).values("tenant_id")
    tenant = Tenant.objects.select_for_update().filter(id__in=of_it).first()
    if tenant is None or not is_exportable(tenant):
        return None
    return (
        Export.objects.select_for_update(of=("self",))
        .select_related("tenant")
        .filter(id=export_id)
        .first()
    )


class _Heart:
    """Says every few seconds that the worker lives; raises Superseded when nobody waits for it."""

    def __init__(self, export: Export) -> None:
        self._mine = Export.objects.filter(
            id=export.id, status=E.RUNNING, started_at=export.started_at
        )
        self._last_s = time.monotonic()

    def beat(self, **changes: int) -> None:
        if not self._mine.update(updated_at=timezone.now(), **changes):
            raise Superseded
        self._last_s = time.monotonic()

    def tick(self) -> None:
        if time.monotonic() - self._last_s >= HEARTBEAT_S:
            self.beat()


class _Beating:
    """A file that ticks as it is read: storing an archive may take long."""

    def __init__(self, file: IO[bytes], tick: Callable[[], None]) -> None:
        self._file, self._tick = file, tick
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        self._tick()
        return self._file.read(size)


def _make(export: Export, on_progress: Callable[[int, int], None]) -> None:
    heart = _Heart(export)
    _files_delete(export, mine=False)

    def progress(done: int, total: int) -> None:
        heart.beat(tables_done=done, tables_total=total)
        tell_export_progress(export.tenant_id)
        on_progress(done, total)

    # It has no name in any folder: a worker that is killed leaves nothing behind.
    with (
        tempfile.TemporaryFile() as target,
        archive(export.tenant, target, progress=progress, tick=heart.tick),
    ):
        size = target.seek(0, os.SEEK_END)
        digest = _digest(target, heart.tick)
        content = File(_Beating(target, heart.tick))  # type: ignore[arg-type]
        with tenant_context(export.tenant):
            name = tenant_files.save(f"{_prefix(export)}.zip", content)
        _finish(export, name, size, digest)
    log.info("exports.ready", export_id=str(export.id), size_bytes=size)


def _digest(file: IO[bytes], tick: Callable[[], None]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
        tick()
    return digest.hexdigest()


@transaction.atomic
def _finish(export: Export, name: str, size: int, digest: str) -> None:
    """Raises Superseded; then the file is the caller's to delete."""
    mine = _mine_locked(export)
    if mine is None:
        raise Superseded
    now = timezone.now()
    mine.status, mine.finished_at = E.READY, now
    mine.expires_at = now + timedelta(days=settings.EXPORT_KEEP_DAYS)
    mine.file, mine.size_bytes, mine.sha256, mine.error = name, size, digest, ""
    mine.save()
    note(ACTOR, mine.tenant, "export_finished")
    _publish(mine)


def _fail(export: Export, error: str) -> None:
    """Also called where the attempt succeeded, and only what came after failed: then it stays ready."""
    with transaction.atomic():
        found = _locked(export.id)
        is_this_attempt = found is not None and found.started_at == export.started_at
        if found is not None and is_this_attempt and found.status in UNFINISHED:
            found.status, found.finished_at, found.error = E.FAILED, timezone.now(), error
            found.save(update_fields=["status", "finished_at", "error", "updated_at"])
            note(ACTOR, found.tenant, "export_failed", reason=error)
            _publish(found)
    if not (found is not None and is_this_attempt and found.status == E.READY):
        _files_delete(export, mine=True)


def _mine_locked(export: Export) -> Export | None:
    """The export, if this attempt still has it."""
    found = _locked(export.id)
    is_mine = found and found.status in UNFINISHED and found.started_at == export.started_at
    return found if is_mine else None


def _publish(export: Export) -> None:
    event = ExportFinished(
        tenant_id=export.tenant_id, export_id=export.id, status=str(export.status)
    )
    publish(event, actor=ACTOR, tenant_id=export.tenant_id)
    tell_export(export.tenant_id)


def _prefix(export: Export) -> str:
    attempt = int(export.started_at.timestamp() * 1_000_000) if export.started_at else 0
    return f"{FOLDER}/{export.id}-{attempt}"


def _files_delete(export: Export, *, mine: bool) -> None:
    """Delete what attempts of this export stored: this one's, or all others'."""
    with tenant_context(export.tenant):
        try:
            names = [f"{FOLDER}/{name}" for name in tenant_files.listdir(FOLDER)[1]]
        except FileNotFoundError:
            return
        for name in names:
            is_mine = name.startswith(_prefix(export))
            if name.startswith(f"{FOLDER}/{export.id}-") and is_mine == mine:
                tenant_files.delete(name)


def _readable(error: Exception) -> str:
    """What an owner is told."""
    if isinstance(error, SchemaUnreadable):
        return f"The database could not be read: {error}."
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return "The workspace was being updated at the time. Ask for the export again."
    if isinstance(error, SoftTimeLimitExceeded):
        return "It took too long. Ask support for help with so much data."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "There was no room for the archive. Our staff can see that; ask again later."
    name = type(error).__name__
    return f"Something went wrong on our side ({name}). Ask again; if it fails again, ask support."


@system_connection()
def exports_resume(start: Callable[[uuid.UUID], object]) -> None:
    """Start again what lost its worker or its task; give up on what is a day old."""
    now = timezone.now()
    for export in exports_stale(now, queued_s=QUEUED_STALE_S, running_s=STALE_S)[:100]:
        if export.created_at <= now - GIVE_UP_AFTER:
            _fail(export, "It was begun again and again for a day without coming to an end.")
        else:
            # Not again at the next sweep, while the task is in the queue.
            Export.objects.filter(id=export.id, status=E.QUEUED).update(updated_at=now)
            start(export.id)


@system_connection()
def exports_expire() -> int:
    """Delete the archives that were kept long enough; returns how many."""
    deleted = 0
    for export in exports_due(timezone.now())[:100]:
        # First the mark, so that no link is offered to a file that is gone.
        Export.objects.filter(id=export.id).update(status=E.EXPIRED, updated_at=timezone.now())
        try:
            with tenant_context(export.tenant):
                tenant_files.delete(export.file)
        except OSError:
            # The next sweep tries again; the others' turn comes now.
            log.exception("exports.expire_failed", export_id=str(export.id))
            continue
        Export.objects.filter(id=export.id).update(file="")
        deleted += 1
    return deleted
