"""The provisioning machine: named steps, each one transaction, resumed where the last run ended.

A step and the note that it is done commit together, under the lock of the tenant's row. A worker that
dies loses only the step it was in; two workers never run the same step.
"""

import random
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.tenancy import tenant_context
from apps.tenants.cloning import sandbox_schema_create
from apps.tenants.enums import SCHEMA_STEP_NAME
from apps.tenants.enums import TenantStatus as S
from apps.tenants.live import tell_provisioning
from apps.tenants.models import Tenant
from apps.tenants.roles import tenant_role_create
from apps.tenants.schemas import schema_create
from apps.tenants.services import transition

log = structlog.get_logger(__name__)

ACTOR = Actor.system("provisioning")
MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """label: what the progress page shows. run: called inside the tenant (but for the schema)."""

    name: str
    label: str
    order: int
    run: Callable[[Tenant], None]


_steps: dict[str, Step] = {}


def register_step(step: Step) -> None:
    """Add a step, from an app's AppConfig.ready(). It must be safe to see its own earlier effects."""
    _steps[step.name] = step


def steps() -> list[Step]:
    return sorted(_steps.values(), key=lambda step: step.order)


@dataclass(frozen=True, slots=True)
class Progress:
    """What a person sees while waiting. state of a step: done, active, waiting or failed."""

    status: str
    steps: list[tuple[str, str]]  # (label, state)
    done: int
    total: int

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total


def progress(tenant: Tenant) -> Progress:
    """Progress from the tenant's row alone; no statement."""
    states: list[tuple[str, str]] = []
    current = "failed" if tenant.status == S.FAILED else "active"
    for step in steps():
        if tenant.ready_at or step.name in tenant.steps_done:
            states.append((step.label, "done"))
        else:
            states.append((step.label, current))
            current = "waiting"
    done = sum(1 for _, state in states if state == "done")
    return Progress(tenant.status, states, done, len(states))


@system_connection()
def provision(tenant_id: uuid.UUID) -> bool:
    """Run the steps that are left; True when the tenant is ready. Records a failure, never raises it.

    Returns False too when another worker has the tenant, or it needs no provisioning.
    """
    while True:
        try:
            outcome = _advance(tenant_id)
        except Exception:
            # Any error of any step means the same: note it on the tenant, for a retry and for staff.
            log.exception("provisioning.step_failed", provisioned_tenant_id=str(tenant_id))
            _record_failure(tenant_id, traceback.format_exc(limit=-5))
            return False
        if outcome is not None:
            return outcome


@transaction.atomic
def _advance(tenant_id: uuid.UUID) -> bool | None:
    """One step. None: go on; True: ready; False: nothing to do here."""
    tenant = Tenant.objects.select_for_update(skip_locked=True).filter(id=tenant_id).first()
    if tenant is None or tenant.status not in (S.PENDING, S.PROVISIONING):
        return False
    if tenant.status == S.PENDING:
        transition(ACTOR, tenant, S.PROVISIONING, action="provisioning_started")
        return None
    step = next((s for s in steps() if s.name not in tenant.steps_done), None)
    if step is None:
        transition(
            ACTOR,
            tenant,
            S.READY,
            action="provisioned",
            ready_at=timezone.now(),
            last_error="",
            next_attempt_at=None,
        )
        return True
    with tenant_context(tenant if step.name != SCHEMA_STEP.name else None):
        step.run(tenant)
    tenant.steps_done = [*tenant.steps_done, step.name]
    tenant.save(update_fields=["steps_done", "updated_at"])
    tell_provisioning(tenant)
    return None


@transaction.atomic
def _record_failure(tenant_id: uuid.UUID, error: str) -> None:
    tenant = Tenant.objects.select_for_update().filter(id=tenant_id).first()
    if tenant is None or tenant.status not in (S.PENDING, S.PROVISIONING):
        return
    tenant.attempts += 1
    tenant.last_error = error[-4000:]
    wait_s = 2**tenant.attempts * (0.5 + random.random())  # noqa: S311 - jitter, not a secret
    tenant.next_attempt_at = timezone.now() + timedelta(seconds=wait_s)
    tenant.save(update_fields=["attempts", "last_error", "next_attempt_at", "updated_at"])
    if tenant.attempts >= MAX_ATTEMPTS:
        transition(
            ACTOR,
            tenant,
            S.FAILED,
            action="provisioning_failed",
            reason=error.strip().rpartition("\n")[2][:500],
            next_attempt_at=None,
        )


def _create_schema(tenant: Tenant) -> None:
    if tenant.is_sandbox:
        sandbox_schema_create(tenant)
        method = "copy"
    else:
        method = schema_create(tenant.schema_name)
    tenant_role_create(tenant.schema_name)
    log.info("provisioning.schema_created", schema=tenant.schema_name, method=method)


SCHEMA_STEP = Step(SCHEMA_STEP_NAME, "Creating your own database schema", 10, _create_schema)
register_step(SCHEMA_STEP)
