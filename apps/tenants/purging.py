"""The deletion machine: a tenant whose grace period is over goes in small batches, resumed after a death.

Each batch is a short transaction under the lock of the tenant's row, which goes last. A batch looks for
what is left, so that it may be killed at any line, and run by two workers in turn.
"""

import random
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Model, Q
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.events.services import publish
from apps.tenants.enums import TenantStatus as S
from apps.tenants.events import TenantDeleted
from apps.tenants.models import Tenant
from apps.tenants.provisioning import Progress
from apps.tenants.services.transitions import note

log = structlog.get_logger(__name__)

ACTOR = Actor.system("deletion")
BATCH_ROWS = 1000
# A worker leaves after so long; the sweep goes on with the rest.
MAX_S = 300.0
# How long a batch waits for a lock, for instance of an export that is being written.
LOCK_TIMEOUT_MS = 5_000
MAX_WAIT_S = 3600
# In Tenant.steps_done, beside the steps of provisioning.
MARK = "purge:"


@dataclass(frozen=True, slots=True)
class PurgeStep:
    """One kind of thing that goes.

    run: deletes a batch of at most some hundred things; True when nothing is left. It runs in a transaction,
    but for a step that is `outside` (no SQL of its own). preview: what it would delete, for people.
    """

    name: str
    label: str
    order: int
    run: Callable[[Tenant], bool]
    preview: Callable[[Tenant], dict[str, Any]] = field(default=lambda _tenant: {})
    outside: bool = False


_steps: dict[str, PurgeStep] = {}


def register_purge_step(*steps: PurgeStep) -> None:
    """Add steps, from an app's AppConfig.ready(). Rows of shared tables go at 60 to 80."""
    _steps.update({step.name: step for step in steps})


def purge_steps() -> list[PurgeStep]:
    return sorted(_steps.values(), key=lambda step: step.order)


def rows_step(
    name: str, label: str, order: int, model: type[Model], tenant_field: str = "tenant_id"
) -> PurgeStep:
    """Deletes a shared table's rows of the tenant, BATCH_ROWS at a time."""

    def run(tenant: Tenant) -> bool:
        rows = model._default_manager.filter(**{tenant_field: tenant.id})
        batch = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH_ROWS])
        model._default_manager.filter(pk__in=batch).delete()
        return len(batch) < BATCH_ROWS

    def preview(tenant: Tenant) -> dict[str, Any]:
        return {name: model._default_manager.filter(**{tenant_field: tenant.id}).count()}

    return PurgeStep(name, label, order, run, preview)


@system_connection()
def purge(tenant_id: uuid.UUID, max_s: float = MAX_S) -> bool:
    """Delete a tenant whose grace period is over; True when nothing of it is left.

    False: it is not due, another worker is at it, or the time is up. Records a failure, never raises it.
    Publishes tenants.tenant_deleted with the last batch.
    """
    deadline_s = time.monotonic() + max_s
    while time.monotonic() < deadline_s:
        try:
            outcome = _advance(tenant_id)
        except Exception:
            # Any error of any step means the same: noted for staff, and tried again later.
            log.exception("purge.step_failed", purged_tenant_id=str(tenant_id))
            _record_failure(tenant_id, traceback.format_exc(limit=-5))
            return False
        if outcome is not None:
            return outcome
    return False


def _advance(tenant_id: uuid.UUID) -> bool | None:
    """One batch. None: go on; True: gone; False: nothing to do here."""
    with transaction.atomic():
        tenant = _locked(tenant_id)
        if tenant is None:
            return False
        if tenant.purge_started_at is None:
            _begin(tenant)
            return None
        step = next((s for s in purge_steps() if MARK + s.name not in tenant.steps_done), None)
        if step is None:
            _finish(tenant)
            return True
        if not step.outside:
            _note_batch(tenant, step, is_done=step.run(tenant))
            return None
    is_done = step.run(tenant)
    with transaction.atomic():
        tenant = _locked(tenant_id)
        if tenant is None:
            return False
        _note_batch(tenant, step, is_done=is_done)
    return None


def _locked(tenant_id: uuid.UUID) -> Tenant | None:
    """A tenant that is due, locked; None where another worker has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_TIMEOUT_MS}ms"])
    due = Q(delete_after__lte=timezone.now()) | Q(purge_started_at__isnull=False)
    found = Tenant.objects.select_for_update(skip_locked=True)
    return found.filter(due, id=tenant_id, status=S.DELETING).first()


def _begin(tenant: Tenant) -> None:
    """From here on there is no way back."""
    tenant.purge_started_at = timezone.now()
    tenant.attempts, tenant.next_attempt_at, tenant.last_error = 0, None, ""
    fields = ["purge_started_at", "attempts", "next_attempt_at", "last_error", "updated_at"]
    tenant.save(update_fields=fields)
    note(ACTOR, tenant, "deletion_began")


def _note_batch(tenant: Tenant, step: PurgeStep, *, is_done: bool) -> None:
    if is_done and MARK + step.name not in tenant.steps_done:
        tenant.steps_done = [*tenant.steps_done, MARK + step.name]
    tenant.attempts, tenant.next_attempt_at, tenant.last_error = 0, None, ""
    fields = ["steps_done", "attempts", "next_attempt_at", "last_error", "updated_at"]
    tenant.save(update_fields=fields)


def _finish(tenant: Tenant) -> None:
    publish(TenantDeleted(tenant_id=tenant.id, slug=tenant.slug), actor=ACTOR, tenant_id=None)
    log.info("purge.done", purged_tenant_id=str(tenant.id), slug=tenant.slug)
    tenant.delete()


@transaction.atomic
def _record_failure(tenant_id: uuid.UUID, error: str) -> None:
    tenant = _locked(tenant_id)
    if tenant is None:
        return
    tenant.attempts = min(tenant.attempts + 1, 1000)
    tenant.last_error = error[-4000:]
    wait_s = min(2 ** min(tenant.attempts, 12), MAX_WAIT_S) * (0.5 + random.random())  # noqa: S311 - jitter
    tenant.next_attempt_at = timezone.now() + timedelta(seconds=wait_s)
    tenant.save(update_fields=["attempts", "last_error", "next_attempt_at", "updated_at"])


def purge_progress(tenant: Tenant) -> Progress:
    """How far the deletion is, from the tenant's row alone; no statement."""
    states: list[tuple[str, str]] = []
    current = "failed" if tenant.attempts else "active"
    for step in purge_steps():
        if MARK + step.name in tenant.steps_done:
            states.append((step.label, "done"))
        else:
            states.append((step.label, current))
            current = "waiting"
    done = sum(1 for _, state in states if state == "done")
    return Progress(tenant.status, states, done, len(states))


@system_connection()
def purge_preview(tenant: Tenant) -> dict[str, Any]:
    """Exactly what a deletion would take now: a number for each kind of thing. Counts every table's rows."""
    found: dict[str, Any] = {}
    for step in purge_steps():
        found |= step.preview(tenant)
    return found
