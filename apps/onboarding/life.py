"""How workflows begin, follow events and new versions, and remind people. By the system."""

import uuid
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.tenancy import require_tenant
from apps.events.services import publish
from apps.onboarding.caches import CHECKLISTS
from apps.onboarding.declarations import Step, Subject, Workflow, workflow, workflows
from apps.onboarding.enums import Audience, StepStatus
from apps.onboarding.events import ProgressStalled, WorkflowStarted, WorkflowUpgraded
from apps.onboarding.models import Dismissal, WorkflowRun
from apps.onboarding.progress import (
    decided_of,
    is_settled,
    look,
    run_locked,
    run_settle,
    step_decide,
)
from apps.onboarding.selectors import applying, statuses
from apps.organizations.enums import MemberStatus
from apps.organizations.holders import members_holding, owner_bindings
from apps.organizations.models import Member

log = structlog.get_logger(__name__)

ACTOR = Actor.system("onboarding")
# Without progress for so long, somebody is reminded: once, and once more.
NUDGE_AFTER = (timedelta(days=3), timedelta(days=7))
# Of the workspace's workflow.
OWNERS_NUDGED = 3
# Of one kind in one tenant at a time; what is left is next time's.
AT_ONCE = 200


@transaction.atomic
def workflows_start(*, actor: Actor, member: Member | None, is_late: bool = False) -> None:
    """Begin what has not begun, of the workspace or of a member; tick off what is true already.

    is_late: they have been here for long, and nobody is reminded. Publishes onboarding.workflow_started and
    what ticking off publishes. Can be repeated, also at once: one of two begins it.
    """
    subject = Subject(require_tenant(), member)
    audience = Audience.TENANT if member is None else Audience.MEMBER
    for one in workflows(audience):
        if not applying(one, subject.tenant):
            continue
        run, is_new = WorkflowRun.objects.get_or_create(
            workflow=one.code,
            member=member,
            defaults={
                "version": one.version,
                "begun_version": one.version,
                "nudges": len(NUDGE_AFTER) if is_late else 0,
            },
        )
        if is_new:
            publish(
                WorkflowStarted(
                    run_id=run.id,
                    workflow=one.code,
                    begun_version=one.version,
                    member_id=run.member_id,
                ),
                actor=actor,
            )
            CHECKLISTS.invalidate()
            look(actor=actor, run=run, one=one, subject=subject)


@transaction.atomic
def step_follow(*, actor: Actor, one: Workflow, step: Step, member_id: uuid.UUID | None) -> bool:
    """An event says that a step is done, in whatever order. False: it was so, or the run is not there.

    Publishes onboarding.step_completed, workflow_completed. Locks the run.
    """
    run = run_locked(one.code, member_id)
    if run is None or step.code not in applying(one, require_tenant()):
        return False
    return step_decide(actor=actor, run=run, one=one, step=step, status=StepStatus.DONE)


@transaction.atomic
def run_upgrade(*, run_id: uuid.UUID) -> None:
    """Go on with the version that this release declares. What is done stays; steps that it has no longer are
    shown no more; new ones that are true already are ticked off.

    A complete run stays so, unless the version reopens it and something in it is open. Publishes
    onboarding.workflow_upgraded. Locks the run. Can be repeated.
    """
    run = (
        WorkflowRun.objects.select_for_update(of=("self",)).select_related("member").get(id=run_id)
    )
    one = workflow(run.workflow)
    if one is None or run.version >= one.version:
        return
    before, run.version = run.version, one.version
    run.save(update_fields=["version", "updated_at"])
    publish(
        WorkflowUpgraded(
            run_id=run.id,
            workflow=one.code,
            from_version=before,
            to_version=one.version,
            member_id=run.member_id,
        ),
        actor=ACTOR,
    )
    CHECKLISTS.invalidate()
    look(actor=ACTOR, run=run, one=one, subject=Subject(require_tenant(), run.member))
    if run.completed_at is None:
        run_settle(actor=ACTOR, run=run, one=one)
    elif one.reopens and not is_settled(run, one):
        run.completed_at = None
        run.save(update_fields=["completed_at", "updated_at"])


def tend(late_before: timedelta = timedelta(days=7)) -> None:
    """In the tenant: begin what was missed, take up new versions, remind those who stand still.

    late_before: members who joined longer ago are not reminded of what begins now.
    """
    _start_missing(late_before)
    versions = Q()
    for one in workflows():
        versions |= Q(workflow=one.code, version__lt=one.version)
    if versions:
        outdated = WorkflowRun.objects.filter(versions).order_by("id")
        for run_id in outdated.values_list("id", flat=True)[:AT_ONCE]:
            run_upgrade(run_id=run_id)
    for run_id in _stuck():
        nudge(run_id=run_id)


def _start_missing(late_before: timedelta) -> None:
    long_ago = timezone.now() - late_before
    has_begun = set(WorkflowRun.objects.filter(member=None).values_list("workflow", flat=True))
    if {one.code for one in workflows(Audience.TENANT)} - has_begun:
        first = Member.objects.order_by("created_at").first()
        is_late = first is not None and first.created_at < long_ago
        workflows_start(actor=ACTOR, member=None, is_late=is_late)
    for one in workflows(Audience.MEMBER):
        has_it = Exists(WorkflowRun.objects.filter(member=OuterRef("pk"), workflow=one.code))
        missing = Member.objects.filter(~has_it, status=MemberStatus.ACTIVE).order_by("id")
        for member in missing[:AT_ONCE]:
            workflows_start(actor=ACTOR, member=member, is_late=member.created_at < long_ago)


def _stuck() -> list[uuid.UUID]:
    """Runs that are due for a reminder. One statement."""
    now = timezone.now()
    first, last = NUDGE_AFTER
    due = Q(nudges=0, progressed_at__lte=now - first) | Q(nudges=1, progressed_at__lte=now - last)
    dismissed = Dismissal.objects.filter(run=OuterRef("pk"), member=OuterRef("member"))
    runs = WorkflowRun.objects.filter(
        due, ~Exists(dismissed), Q(member=None) | Q(member__status=MemberStatus.ACTIVE)
    ).filter(completed_at=None)
    return list(runs.order_by("progressed_at").values_list("id", flat=True)[:AT_ONCE])


@transaction.atomic
def nudge(*, run_id: uuid.UUID) -> None:
    """Remind of the next step, unless it turns out that nothing is left. Locks the run.

    Publishes onboarding.progress_stalled for each who is reminded.
    """
    run = (
        WorkflowRun.objects.select_for_update(of=("self",)).select_related("member").get(id=run_id)
    )
    one = workflow(run.workflow)
    if one is None or run.completed_at is not None or run.nudges >= len(NUDGE_AFTER):
        return
    before = run.progressed_at
    look(actor=ACTOR, run=run, one=one, subject=Subject(require_tenant(), run.member))
    # What applies may be less than it was.
    if run.progressed_at != before or run_settle(actor=ACTOR, run=run, one=one):
        return
    WorkflowRun.objects.filter(id=run.id).update(nudges=F("nudges") + 1)
    decided = {code: state.status for code, state in decided_of(run).items()}
    following = statuses(one, decided, applying(one, require_tenant()))
    step = next((code for code, status in following.items() if status == StepStatus.OPEN), None)
    if step is None:
        log.warning("onboarding.nothing_next", run_id=str(run.id), workflow=one.code)
        return
    for member_id in _nudged(run):
        publish(
            ProgressStalled(
                run_id=run.id,
                workflow=one.code,
                step=step,
                member_id=member_id,
                number=run.nudges + 1,
            ),
            actor=ACTOR,
        )


def _nudged(run: WorkflowRun) -> list[uuid.UUID]:
    """Whom: the member whose it is, or the longest owners of the workspace who have not dismissed it."""
    if run.member_id is not None:
        return [run.member_id]
    owners = members_holding(owner_bindings()).filter(status=MemberStatus.ACTIVE)
    dismissed = Dismissal.objects.filter(run=run, member=OuterRef("pk"))
    found = owners.filter(~Exists(dismissed)).order_by("id").values_list("id", flat=True)
    return list(found[:OWNERS_NUDGED])
