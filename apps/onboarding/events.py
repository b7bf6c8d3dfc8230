import uuid
from datetime import datetime

from apps.events.registry import Event, event


@event("onboarding.workflow_started", version=1, scope="organization", aggregate="run_id")
class WorkflowStarted(Event):
    """member_id: whose it is; None for the workspace's."""

    run_id: uuid.UUID
    workflow: str
    begun_version: int
    member_id: uuid.UUID | None


@event("onboarding.step_completed", version=1, scope="organization", aggregate="run_id")
class StepCompleted(Event):
    """begun_version, began_at: of the workflow, when it began; took_s: from then on.

    is_first: it was not done before, and taken up again.
    """

    run_id: uuid.UUID
    workflow: str
    begun_version: int
    step: str
    member_id: uuid.UUID | None
    began_at: datetime
    took_s: int
    is_first: bool


@event("onboarding.step_skipped", version=1, scope="organization", aggregate="run_id")
class StepSkipped(Event):
    run_id: uuid.UUID
    workflow: str
    begun_version: int
    step: str
    member_id: uuid.UUID | None
    began_at: datetime
    is_first: bool


@event("onboarding.step_reopened", version=1, scope="organization", aggregate="run_id")
class StepReopened(Event):
    run_id: uuid.UUID
    workflow: str
    step: str
    member_id: uuid.UUID | None


@event("onboarding.workflow_completed", version=1, scope="organization", aggregate="run_id")
class WorkflowCompleted(Event):
    """Every step is done or skipped. begun_version, began_at: when it began; took_s: from then on.

    is_first: it was not complete before.
    """

    run_id: uuid.UUID
    workflow: str
    begun_version: int
    member_id: uuid.UUID | None
    began_at: datetime
    took_s: int
    is_first: bool


@event("onboarding.workflow_upgraded", version=1, scope="organization", aggregate="run_id")
class WorkflowUpgraded(Event):
    """A release brought another version while it was under way, or after it."""

    run_id: uuid.UUID
    workflow: str
    from_version: int
    to_version: int
    member_id: uuid.UUID | None


@event("onboarding.progress_stalled", version=1, scope="organization", aggregate="run_id")
class ProgressStalled(Event):
    """Nothing moved for days: the member is to be reminded of the next step. number: 1, or 2 the last."""

    run_id: uuid.UUID
    workflow: str
    step: str
    member_id: uuid.UUID
    number: int
