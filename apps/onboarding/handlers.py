"""Workflows follow what happens: a handler for each event that completes a step."""

import uuid
from collections.abc import Iterable

import structlog
from django.utils.module_loading import autodiscover_modules

from apps.accounts.selectors import memberships_of, person_by_id
from apps.adoption.enums import FunnelOutcome
from apps.adoption.funnels import Passage, passage_count
from apps.common.tenancy import (
    TenantNotReady,
    TenantNotRunnable,
    TenantRef,
    runnable_tenant,
    tenant_context,
)
from apps.events.cache_invalidation import invalidates
from apps.events.registry import Event, EventContext, subscribe
from apps.onboarding.caches import CHECKLISTS
from apps.onboarding.declarations import ACTOR, Completion, Step, Workflow, completions
from apps.onboarding.enums import Audience
from apps.onboarding.events import StepCompleted, StepSkipped, WorkflowCompleted, WorkflowStarted
from apps.onboarding.life import step_follow, workflows_start
from apps.organizations.events import MemberJoined
from apps.organizations.models import Member

log = structlog.get_logger(__name__)


@subscribe("organizations.member_joined", name="onboarding.start_for_member", tenant_context=False)
def start_for_member(event: MemberJoined, context: EventContext) -> None:
    """Enters the tenant itself: one that is suspended has it begun when it is open again."""
    for tenant in _workspaces(event, context):
        with tenant_context(tenant):
            member = Member.objects.filter(id=event.member_id).first()
            if member is not None:
                workflows_start(actor=context.actor, member=member)


def follow(event: Event, context: EventContext) -> None:
    """In the event's tenant. What a person does outside of any completes theirs in all their workspaces.

    Runs outside the tenant and enters it itself: one that is suspended is left for when it stands still.
    """
    met = [
        (one, step, completion)
        for one, step, completion in completions().get(context.name, ())
        if (context.tenant_id is not None or one.audience == Audience.MEMBER)
        and (completion.when is None or completion.when(event))
    ]
    for tenant in _workspaces(event, context) if met else ():
        with tenant_context(tenant):
            for one, step, completion in met:
                _follow(event, context, one, step, completion)


def _follow(
    event: Event, context: EventContext, one: Workflow, step: Step, completion: Completion
) -> None:
    member_id = None
    if one.audience == Audience.MEMBER:
        member_id = _member_id(event, context, completion)
        if member_id is None:
            return
    step_follow(actor=context.actor, one=one, step=step, member_id=member_id)


def _member_id(event: Event, context: EventContext, completion: Completion) -> uuid.UUID | None:
    if completion.who == "member_id":
        return getattr(event, "member_id", None)
    person_id = (
        context.actor.person_id if completion.who == ACTOR else getattr(event, completion.who, None)
    )
    found = Member.objects.filter(person_id=person_id) if person_id else Member.objects.none()
    return found.values_list("id", flat=True).first()


def _workspaces(event: Event, context: EventContext) -> Iterable[TenantRef]:
    """The event's, or those of the person whom it is about; as far as they are open.

    Raises TenantNotReady for the event's that is being made, or in maintenance: it is tried again.
    """
    if context.tenant_id is not None:
        try:
            return [runnable_tenant(context.tenant_id)]
        except TenantNotReady:
            raise
        except TenantNotRunnable as error:
            log.info("onboarding.not_followed", event_name=context.name, reason=str(error))
            return []
    person_id = getattr(event, "person_id", None) or context.actor.person_id
    person = person_by_id(person_id) if person_id else None
    memberships = memberships_of(person) if person else ()
    return [one.tenant.ref for one in memberships if one.tenant.is_ready]


@subscribe("onboarding.workflow_started", name="onboarding.count_started", tenant_context=False)
def count_started(event: WorkflowStarted, context: EventContext) -> None:
    passage_count(
        Passage(event.workflow, event.begun_version, context.created_at, FunnelOutcome.STARTED)
    )


@subscribe("onboarding.step_completed", name="onboarding.count_completed", tenant_context=False)
@subscribe("onboarding.workflow_completed", name="onboarding.count_ended", tenant_context=False)
def count_done(event: StepCompleted | WorkflowCompleted, _context: EventContext) -> None:
    if event.is_first:
        step = event.step if isinstance(event, StepCompleted) else ""
        passage_count(
            Passage(
                event.workflow,
                event.begun_version,
                event.began_at,
                FunnelOutcome.DONE,
                step,
                event.took_s,
            )
        )


@subscribe("onboarding.step_skipped", name="onboarding.count_skipped", tenant_context=False)
def count_skipped(event: StepSkipped, _context: EventContext) -> None:
    if event.is_first:
        passage_count(
            Passage(
                event.workflow,
                event.begun_version,
                event.began_at,
                FunnelOutcome.SKIPPED,
                event.step,
            )
        )


# What applies to a workspace may be another.
invalidates(CHECKLISTS, "billing.entitlements_changed")

# Of all apps, also of those that are installed after this one.
autodiscover_modules("workflows")
for _name in completions():
    subscribe(_name, name=f"onboarding.follow_{_name.replace('.', '_')}", tenant_context=False)(
        follow
    )
