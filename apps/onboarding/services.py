"""What people do with their checklists. Workflows begin and go on by themselves in `life`."""

import uuid

from django.db import transaction

from apps.common.access import authorize
from apps.common.actors import Actor
from apps.common.errors import ImpersonationRefused, NotFound
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.onboarding.caches import CHECKLISTS
from apps.onboarding.declarations import Step, Workflow, step_by_key
from apps.onboarding.enums import Audience, StepStatus
from apps.onboarding.errors import StepBlocked, StepNotByHand, StepRequired, StepSettled
from apps.onboarding.events import StepReopened
from apps.onboarding.models import Dismissal, StepState, WorkflowRun
from apps.onboarding.progress import decided_of, run_locked, step_decide
from apps.onboarding.selectors import applying, checklist_for, statuses


@transaction.atomic
def step_complete(*, actor: Actor, key: str) -> None:
    """Say that a step is done which is done by hand. Again is harmless.

    key: `workflow.step`. Publishes onboarding.step_completed, workflow_completed. Locks the run.
    Raises NotFound, PermissionDenied, StepNotByHand, StepBlocked.
    """
    one, step, run = _open(actor, key)
    status = _status(one, run, step)
    if status == StepStatus.DONE:
        return
    if not step.by_hand:
        raise StepNotByHand
    if status == StepStatus.BLOCKED:
        raise StepBlocked
    step_decide(actor=actor, run=run, one=one, step=step, status=StepStatus.DONE)


@transaction.atomic
def step_skip(*, actor: Actor, key: str) -> None:
    """Leave a step out. What builds on it can be done then. Again is harmless.

    key: `workflow.step`. Publishes onboarding.step_skipped, workflow_completed. Locks the run.
    Raises NotFound, PermissionDenied, StepRequired, StepSettled.
    """
    one, step, run = _open(actor, key)
    if step.is_required:
        raise StepRequired
    if _status(one, run, step) == StepStatus.DONE:
        raise StepSettled
    step_decide(actor=actor, run=run, one=one, step=step, status=StepStatus.SKIPPED)


@transaction.atomic
def step_reopen(*, actor: Actor, key: str) -> None:
    """Take up again what was skipped, or was said to be done. A workflow that was complete goes on.

    key: `workflow.step`. Publishes onboarding.step_reopened. Locks the run. Again is harmless.
    Raises NotFound, PermissionDenied, StepSettled (it is a fact that it is done).
    """
    one, step, run = _open(actor, key)
    status = _status(one, run, step)
    if status in (StepStatus.OPEN, StepStatus.BLOCKED):
        return
    if status == StepStatus.DONE and not step.by_hand:
        raise StepSettled
    StepState.objects.filter(run=run, step=step.code).update(status=StepStatus.OPEN)
    if run.completed_at is not None:
        run.completed_at = None
        run.save(update_fields=["completed_at", "updated_at"])
    publish(
        StepReopened(run_id=run.id, workflow=one.code, step=step.code, member_id=run.member_id),
        actor=actor,
    )
    CHECKLISTS.invalidate()


@transaction.atomic
def checklist_dismiss(*, actor: Actor, workflow: str) -> None:
    """The actor does not want to be shown it, nor to be reminded. It goes on for others. Again is harmless.

    Raises NotFound, ImpersonationRefused.
    """
    run_id, member_id = _shown(actor, workflow)
    Dismissal.objects.get_or_create(run_id=run_id, member_id=member_id)
    CHECKLISTS.invalidate()


@transaction.atomic
def checklist_restore(*, actor: Actor, workflow: str) -> None:
    """Show it again. Again is harmless. Raises NotFound, ImpersonationRefused."""
    run_id, member_id = _shown(actor, workflow)
    Dismissal.objects.filter(run_id=run_id, member_id=member_id).delete()
    CHECKLISTS.invalidate()


def _shown(actor: Actor, workflow: str) -> tuple[uuid.UUID, uuid.UUID]:
    """The run and the member of a checklist that is somebody's to look at."""
    checklist = checklist_for(actor, workflow)
    if actor.impersonator is not None:
        raise ImpersonationRefused
    if actor.member_id is None:
        raise NotFound
    return checklist.run.id, actor.member_id


def _open(actor: Actor, key: str) -> tuple[Workflow, Step, WorkflowRun]:
    """The step and its run, locked. Raises NotFound, PermissionDenied, ImpersonationRefused."""
    found = step_by_key(key)
    if found is None:
        raise NotFound
    one, step = found
    is_members = one.audience == Audience.MEMBER
    if is_members and actor.impersonator is not None:
        raise ImpersonationRefused
    if is_members and actor.member_id is None:
        raise NotFound
    if step.permission:
        authorize(actor, step.permission)
    run = run_locked(one.code, actor.member_id if is_members else None)
    if run is None or step.code not in applying(one, require_tenant()):
        raise NotFound
    return one, step, run


def _status(one: Workflow, run: WorkflowRun, step: Step) -> StepStatus:
    decided = {code: state.status for code, state in decided_of(run).items()}
    return statuses(one, decided, applying(one, require_tenant()))[step.code]
