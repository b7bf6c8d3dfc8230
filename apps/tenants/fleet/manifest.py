"""The manifest of runs: what a run has to reach, and how far it is. It survives a kill.

Rows are written by the run alone, which holds the run's lock (lock.py).
"""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from apps.common.actors import Actor
from apps.tenants.enums import MigrationStatus as S
from apps.tenants.fleet.outcome import Outcome
from apps.tenants.fleet.plan import LATE_WAVE, TEMPLATE_WAVE
from apps.tenants.fleet.scan import Place
from apps.tenants.models import MigrationRun, MigrationTarget
from apps.tenants.schemas import TEMPLATE

KEEP_DAYS = 90
KEEP_RUNS = 20
# The template's target belongs to no tenant.
NO_TENANT = UUID(int=0)
GONE = "The tenant was deleted meanwhile."


def run_last() -> MigrationRun | None:
    return MigrationRun.objects.first()


def run_open() -> MigrationRun | None:
    """The last run, if it was interrupted or stopped at a failure."""
    last = run_last()
    return last if last and last.status in (S.RUNNING, S.FAILED) else None


@transaction.atomic
def run_start(
    *,
    actor: Actor,
    version: str,
    canaries: int,
    template: bool,
    waves: Mapping[int, Sequence[Place]],
) -> MigrationRun:
    """A new run with all its targets, inserted by one statement. Abandons an interrupted one."""
    runs_abandon()
    runs_prune()
    run = MigrationRun.objects.create(
        version=version,
        # With whom a second run has to wait for.
        actor=f"{actor.label} on {platform.node()}, process {os.getpid()}"[:254],
        canaries=canaries,
    )
    targets = [
        _target(run, wave, place.tenant_id, place.schema_name)
        for wave, places in waves.items()
        for place in places
    ]
    if template:
        targets.append(_target(run, TEMPLATE_WAVE, NO_TENANT, TEMPLATE))
    MigrationTarget.objects.bulk_create(targets)
    return run


def run_extend(run: MigrationRun, late: Iterable[Place]) -> None:
    """Add tenants that were found outdated when the others were done.

    One that the run already counts as done was set back by somebody: it is opened again.
    """
    MigrationTarget.objects.bulk_create(
        [_target(run, LATE_WAVE, place.tenant_id, place.schema_name) for place in late],
        update_conflicts=True,
        unique_fields=["run", "schema_name"],
        update_fields=["wave", "status", "error", "finished_at", "updated_at"],
    )


def run_resume(run: MigrationRun, current: Iterable[str], places: Iterable[str]) -> None:
    """Open a run again; mark what turned out to be done, or gone, without a mark.

    current, places: schemas that are current, and all that there are.
    """
    left = run.targets.exclude(status=S.DONE)
    now = timezone.now()
    left.filter(schema_name__in=list(current)).update(
        status=S.DONE, error="", finished_at=now, updated_at=now
    )
    left.exclude(schema_name__in=[*places, TEMPLATE]).update(
        status=S.DONE, error=GONE, finished_at=now, updated_at=now
    )
    run_set(run, S.RUNNING)


def run_set(run: MigrationRun, status: S) -> None:
    run.status = status
    run.finished_at = None if status == S.RUNNING else timezone.now()
    run.save(update_fields=["status", "finished_at", "updated_at"])


def runs_abandon() -> None:
    """Interrupted runs; nothing is lost, because their done tenants are found to be current."""
    now = timezone.now()
    MigrationRun.objects.filter(status=S.RUNNING).update(
        status=S.ABANDONED, finished_at=now, updated_at=now
    )


def runs_prune() -> None:
    """Runs older than KEEP_DAYS, but for the last KEEP_RUNS."""
    kept = MigrationRun.objects.values_list("id", flat=True)[:KEEP_RUNS]
    MigrationRun.objects.filter(
        ~Q(id__in=list(kept)), created_at__lt=timezone.now() - timedelta(days=KEEP_DAYS)
    ).delete()


def targets_open(run: MigrationRun) -> list[MigrationTarget]:
    """What is left to do, in the order of waves."""
    return list(run.targets.exclude(status=S.DONE).order_by("wave", "created_at", "id"))


def target_mark(outcome: Outcome, *, gone: bool = False) -> None:
    """Note what became of a target, unless that was noted with its migrations."""
    if outcome.marked:
        return
    done = gone or not outcome.error
    MigrationTarget.objects.filter(id=outcome.target.id).update(
        status=S.DONE if done else S.FAILED,
        attempts=F("attempts") + outcome.attempts,
        migrations=outcome.migrations,
        duration_ms=outcome.duration_ms,
        error=GONE if gone else outcome.error,
        finished_at=timezone.now(),
        updated_at=timezone.now(),
    )


def _target(run: MigrationRun, wave: int, tenant_id: UUID, schema_name: str) -> MigrationTarget:
    return MigrationTarget(run=run, wave=wave, tenant_id=tenant_id, schema_name=schema_name)
