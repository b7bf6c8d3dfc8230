"""How a run moves: steps that are decided, and its end. Within a service's transaction, the run locked."""

import uuid
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.onboarding.caches import CHECKLISTS
from apps.onboarding.declarations import Step, Subject, Workflow
from apps.onboarding.enums import SETTLED, StepStatus
from apps.onboarding.events import (
    StepCompleted,
    StepSkipped,
    WorkflowCompleted,
)
from apps.onboarding.models import StepState, WorkflowRun
from apps.onboarding.selectors import applying


def run_locked(workflow: str, member_id: uuid.UUID | None) -> WorkflowRun | None:
    """The run, so that of two changes one waits for the other; None before it has begun."""
    whose = Q(member=None) if member_id is None else Q(member_id=member_id)
    return WorkflowRun.objects.select_for_update().filter(whose, workflow=workflow).first()


def decided_of(run: WorkflowRun) -> dict[str, StepState]:
    return {state.step: state for state in StepState.objects.filter(run=run).order_by("id")}


def step_decide(
    *, actor: Actor, run: WorkflowRun, one: Workflow, step: Step, status: StepStatus
) -> bool:
    """Note that a step is done or skipped; False: it was so before. Drops the cache, and may end the run.

    What is done stays done. Publishes onboarding.step_completed or step_skipped, workflow_completed.
    """
    now = timezone.now()
    state = StepState.objects.filter(run=run, step=step.code).first()
    if state is not None and state.status in (status, StepStatus.DONE):
        return False
    is_first_decision = state is None
    state = state or StepState(run=run, step=step.code)
    is_first = not state.is_counted
    state.status, state.decided_at, state.person_id = status, now, actor.person_id
    state.is_counted = state.is_counted or status == StepStatus.DONE
    state.save()
    run.progressed_at = now
    run.save(update_fields=["progressed_at", "updated_at"])
    told: dict[str, Any] = {
        "run_id": run.id,
        "workflow": one.code,
        "begun_version": run.begun_version,
        "step": step.code,
        "member_id": run.member_id,
        "began_at": run.created_at,
    }
    if status == StepStatus.DONE:
        publish(StepCompleted(**told, took_s=_since(run, now), is_first=is_first), actor=actor)
    else:
        publish(StepSkipped(**told, is_first=is_first_decision), actor=actor)
    CHECKLISTS.invalidate()
    run_settle(actor=actor, run=run, one=one)
    return True


def look(*, actor: Actor, run: WorkflowRun, one: Workflow, subject: Subject) -> None:
    """Ask of the steps that are open whether they are true already, and tick them off."""
    decided = decided_of(run)
    applies = applying(one, subject.tenant)
    for step in one.ordered:
        state = decided.get(step.code)
        if step.is_done is None or step.code not in applies:
            continue
        if (state is None or state.status not in SETTLED) and step.is_done(subject):
            step_decide(actor=actor, run=run, one=one, step=step, status=StepStatus.DONE)


def run_settle(*, actor: Actor, run: WorkflowRun, one: Workflow) -> bool:
    """End the run if nothing is open in it; whether it did. Publishes onboarding.workflow_completed."""
    if run.completed_at is not None or not is_settled(run, one):
        return False
    is_first = not run.is_counted
    run.completed_at, run.is_counted = timezone.now(), True
    run.save(update_fields=["completed_at", "is_counted", "updated_at"])
    publish(
        WorkflowCompleted(
            run_id=run.id,
            workflow=one.code,
            begun_version=run.begun_version,
            member_id=run.member_id,
            began_at=run.created_at,
            took_s=_since(run, run.completed_at),
            is_first=is_first,
        ),
        actor=actor,
    )
    CHECKLISTS.invalidate()
    return True


def is_settled(run: WorkflowRun, one: Workflow) -> bool:
    """Whether every step that applies is done or skipped. A workflow in which none applies has no end."""
    applies = applying(one, require_tenant())
    decided = decided_of(run)
    return bool(applies) and all(
        code in decided and decided[code].status in SETTLED for code in applies
    )


def _since(run: WorkflowRun, now: datetime) -> int:
    return max(0, int((now - run.created_at).total_seconds()))
