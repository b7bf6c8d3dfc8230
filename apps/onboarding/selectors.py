"""Checklists: what of the workflows an actor sees, and how far they are. No statement while remembered."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils import timezone

from apps.common.access import paths_allowed
from apps.common.actors import Actor
from apps.common.errors import NotFound
from apps.common.tenancy import TenantRef, require_tenant
from apps.common.urls import public_url
from apps.onboarding.caches import CHECKLISTS
from apps.onboarding.declarations import Step, Workflow, step_by_key, workflow
from apps.onboarding.enums import SETTLED, Audience, StepStatus
from apps.onboarding.models import Dismissal, StepState, WorkflowRun

NOBODY = uuid.UUID(int=0)
# For so long a checklist says that it is complete.
CELEBRATED = timedelta(days=7)
# Who finds everything done already need not be congratulated.
AT_ONCE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class RunState:
    """A run as it is kept: plain data. steps: those that were decided; applies: codes of those that count."""

    id: uuid.UUID
    workflow: str
    member_id: uuid.UUID | None
    version: int
    began_at: datetime
    completed_at: datetime | None
    steps: Mapping[str, str]
    applies: frozenset[str]
    is_dismissed: bool


@dataclass(frozen=True, slots=True)
class Item:
    """A step of a checklist. is_next: the first that can be done now."""

    key: str
    step: Step
    status: StepStatus
    is_next: bool

    @property
    def is_settled(self) -> bool:
        return self.status in SETTLED

    @property
    def url(self) -> str:
        """Of the page where it is done; absolute where that is on the public site."""
        if self.step.is_public:
            return public_url(reverse(self.step.url_name, urlconf=settings.PUBLIC_URLCONF))
        return reverse(self.step.url_name, urlconf=settings.TENANT_URLCONF)

    @property
    def can_skip(self) -> bool:
        return not self.step.is_required and not self.is_settled

    @property
    def can_complete(self) -> bool:
        """By hand, now."""
        return self.step.by_hand and self.status == StepStatus.OPEN

    @property
    def can_reopen(self) -> bool:
        """What was decided by hand. A fact stays one."""
        return self.status == StepStatus.SKIPPED or (
            self.step.by_hand and self.status == StepStatus.DONE
        )


@dataclass(frozen=True)
class Checklist:
    """items: those of the steps that the actor may see, in an order in which they can be done."""

    workflow: Workflow
    run: RunState
    items: Sequence[Item]

    @cached_property
    def is_complete(self) -> bool:
        """Stored; but for a version that opens it again and has not been met yet."""
        is_newer = self.run.version < self.workflow.version and self.workflow.reopens
        return self.run.completed_at is not None and not (
            is_newer and any(not item.is_settled for item in self.items)
        )

    @property
    def done(self) -> int:
        return sum(item.is_settled for item in self.items)

    @property
    def total(self) -> int:
        return len(self.items)

    @property
    def percent(self) -> int:
        return 100 if self.is_complete else 100 * self.done // self.total

    @property
    def next(self) -> Item | None:
        return next((item for item in self.items if item.is_next), None)

    @property
    def is_shown(self) -> bool:
        """On the dashboard: until it is dismissed, and for some days after its end."""
        if self.run.is_dismissed:
            return False
        end = self.run.completed_at
        if not self.is_complete or end is None:
            return self.next is not None
        return end - self.run.began_at > AT_ONCE and timezone.now() - end < CELEBRATED


def is_own(actor: Actor) -> bool:
    """Whether the actor has workflows of their own: members, but nobody who acts for one."""
    return actor.member_id is not None and actor.impersonator is None


def checklists_for(actor: Actor) -> list[Checklist]:
    """The actor's own and the workspace's, as far as there is something for them in it.

    No statement while it is remembered, else one and what steps ask that apply to some workspaces only.
    """
    runs = CHECKLISTS.get(
        str(actor.member_id or NOBODY), lambda: _load(require_tenant(), actor.member_id)
    )
    found = []
    for run in runs:
        one = workflow(run.workflow)
        if one is None or (one.audience == Audience.MEMBER and not is_own(actor)):
            continue
        items = _items(actor, one, run)
        if items:
            found.append(Checklist(one, run, items))
    return sorted(found, key=lambda checklist: (checklist.workflow.order, checklist.workflow.code))


def checklist_for(actor: Actor, code: str) -> Checklist:
    """Raises NotFound for a workflow that has not begun, or in which there is nothing for the actor."""
    for checklist in checklists_for(actor):
        if checklist.workflow.code == code:
            return checklist
    raise NotFound


def step_for(actor: Actor, key: str) -> tuple[Checklist, Item]:
    """key: `workflow.step`. Raises NotFound for one that the actor is not shown."""
    found = step_by_key(key)
    if found is None:
        raise NotFound
    checklist = checklist_for(actor, found[0].code)
    for item in checklist.items:
        if item.key == key:
            return checklist, item
    raise NotFound


def applying(one: Workflow, tenant: TenantRef) -> frozenset[str]:
    """Codes of the steps that are for this workspace; none if the workflow is not."""
    if one.applies is not None and not one.applies(tenant):
        return frozenset()
    return frozenset(
        step.code for step in one.steps if step.applies is None or step.applies(tenant)
    )


def statuses(
    one: Workflow, decided: Mapping[str, str], applies: frozenset[str]
) -> dict[str, StepStatus]:
    """Of the steps that apply, in their order. What does not apply blocks nothing."""
    found: dict[str, StepStatus] = {}
    for step in one.ordered:
        if step.code not in applies:
            continue
        status = StepStatus(decided.get(step.code, StepStatus.OPEN))
        if status == StepStatus.OPEN and any(
            found.get(code, StepStatus.DONE) not in SETTLED for code in step.after
        ):
            status = StepStatus.BLOCKED
        found[step.code] = status
    return found


def _items(actor: Actor, one: Workflow, run: RunState) -> list[Item]:
    items: list[Item] = []
    has_next = False
    for code, status in statuses(one, run.steps, run.applies).items():
        step = one.step(code)
        if step is None or (step.permission and paths_allowed(actor, step.permission) == []):
            continue
        is_next = status == StepStatus.OPEN and not has_next
        has_next = has_next or is_next
        items.append(Item(one.key(step), step, status, is_next))
    return items


def _load(tenant: TenantRef, member_id: uuid.UUID | None) -> list[RunState]:
    decided = StepState.objects.filter(run=OuterRef("pk")).values(
        pair=JSONObject(step="step", status="status")
    )
    mine = Q(member=None) if member_id is None else Q(member=None) | Q(member_id=member_id)
    dismissed = Dismissal.objects.filter(run=OuterRef("pk"), member_id=member_id or NOBODY)
    rows = WorkflowRun.objects.filter(mine).annotate(
        decided=ArraySubquery(decided),
        is_dismissed=Exists(dismissed) if member_id else Value(False),
    )
    found = []
    for row in rows.order_by("id"):
        one = workflow(row.workflow)
        if one is not None:
            steps = {pair["step"]: pair["status"] for pair in row.decided}
            found.append(
                RunState(
                    row.id,
                    row.workflow,
                    row.member_id,
                    row.version,
                    row.created_at,
                    row.completed_at,
                    steps,
                    applying(one, tenant),
                    row.is_dismissed,
                )
            )
    return found
