"""What people do with their steps: once, in order, and only those that are theirs."""

import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import ImpersonationRefused, NotFound, PermissionDenied
from apps.common.proofs import Impersonator, Proof
from apps.common.tenancy import tenant_context
from apps.onboarding.enums import Audience
from apps.onboarding.errors import StepBlocked, StepNotByHand, StepRequired, StepSettled
from apps.onboarding.life import workflows_start
from apps.onboarding.models import StepState, WorkflowRun
from apps.onboarding.selectors import checklist_for, checklists_for
from apps.onboarding.services import (
    checklist_dismiss,
    checklist_restore,
    step_complete,
    step_reopen,
    step_skip,
)
from apps.organizations.actors import actor_for
from apps.organizations.models import Member
from apps.organizations.permissions import INVITE_MEMBER
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM
from tests.onboarding.conftest import a_step, declare, shown

pytestmark = pytest.mark.django_db
SYSTEM_ID = uuid.UUID(int=7)


@pytest.fixture
def tour(in_acme: None) -> WorkflowRun:
    """Three steps, one after the other; the first is required, and the last is for those who invite."""
    declare(
        a_step("look", is_required=True),
        a_step("touch", after=("look",)),
        a_step("bring", after=("touch",), permission=INVITE_MEMBER),
    )
    workflows_start(actor=SYSTEM, member=None)
    return WorkflowRun.objects.get(workflow="tour")


def test_step_by_step_to_the_end(
    tour: WorkflowRun, owner: Actor, published: Callable[[], list[str]]
) -> None:
    assert shown(owner) == {"look": "open", "touch": "blocked", "bring": "blocked"}
    step_complete(actor=owner, key="tour.look")
    assert shown(owner) == {"look": "done", "touch": "open", "bring": "blocked"}
    step_skip(actor=owner, key="tour.touch")
    checklist = checklist_for(owner, "tour")
    assert (checklist.done, checklist.total, checklist.percent) == (2, 3, 66)
    assert checklist.next is not None
    assert checklist.next.key == "tour.bring"
    step_complete(actor=owner, key="tour.bring")
    checklist = checklist_for(owner, "tour")
    assert (checklist.is_complete, checklist.percent, checklist.next) == (True, 100, None)
    assert published() == [
        "onboarding.step_completed",
        "onboarding.step_skipped",
        "onboarding.step_completed",
        "onboarding.workflow_completed",
    ]
    states = StepState.objects.filter(run=tour).order_by("id").values_list("step", "person_id")
    assert list(states) == [(code, owner.person_id) for code in ("look", "touch", "bring")]


def test_again_is_harmless(
    tour: WorkflowRun, owner: Actor, published: Callable[[], list[str]]
) -> None:
    step_complete(actor=owner, key="tour.look")
    step_complete(actor=owner, key="tour.look")
    step_skip(actor=owner, key="tour.touch")
    step_skip(actor=owner, key="tour.touch")
    assert published() == ["onboarding.step_completed", "onboarding.step_skipped"]


def test_what_cannot_be_changes_nothing(
    tour: WorkflowRun, owner: Actor, member: Actor, published: Callable[[], list[str]]
) -> None:
    before = published()
    with pytest.raises(StepBlocked):
        step_complete(actor=owner, key="tour.touch")
    with pytest.raises(StepRequired):
        step_skip(actor=owner, key="tour.look")
    with pytest.raises(PermissionDenied):
        step_complete(actor=member, key="tour.bring")
    with pytest.raises(StepNotByHand):
        step_complete(actor=owner, key="workspace.api_key")
    for key in ("tour.nothing", "nothing.look", "tour", "", "."):
        with pytest.raises(NotFound):
            step_complete(actor=owner, key=key)
    assert published() == before
    assert not StepState.objects.filter(run=tour).exists()


def test_what_was_decided_is_taken_up_again(
    tour: WorkflowRun, owner: Actor, published: Callable[[], list[str]]
) -> None:
    for key in ("tour.look", "tour.touch", "tour.bring"):
        step_complete(actor=owner, key=key)
    step_reopen(actor=owner, key="tour.touch")
    assert shown(owner) == {"look": "done", "touch": "open", "bring": "done"}
    assert not checklist_for(owner, "tour").is_complete
    step_reopen(actor=owner, key="tour.touch")
    with pytest.raises(StepSettled):
        step_skip(actor=owner, key="tour.bring")
    step_skip(actor=owner, key="tour.touch")
    assert checklist_for(owner, "tour").is_complete
    assert published()[-4:] == [
        "onboarding.workflow_completed",
        "onboarding.step_reopened",
        "onboarding.step_skipped",
        "onboarding.workflow_completed",
    ]


def test_a_fact_stays_one(owner: Actor) -> None:
    """alice's invitations and members are there."""
    workflows_start(actor=SYSTEM, member=None)
    StepState.objects.create(
        run=WorkflowRun.objects.get(workflow="workspace"),
        step="api_key",
        status="done",
        decided_at="2026-01-01T00:00Z",
    )
    with pytest.raises(StepSettled):
        step_reopen(actor=owner, key="workspace.api_key")


def test_everybody_sees_what_is_for_them(tour: WorkflowRun, owner: Actor, member: Actor) -> None:
    assert list(shown(member)) == ["look", "touch"]
    step_complete(actor=member, key="tour.look")
    step_complete(actor=member, key="tour.touch")
    # Nothing is left for them; for others there is.
    assert not checklist_for(member, "tour").is_shown
    assert checklist_for(owner, "tour").is_shown
    with pytest.raises(NotFound):
        checklist_for(member, "workspace")


def test_ones_own_is_nobody_elses(owner: Actor, member: Actor) -> None:
    declare(a_step("look"), code="mine", audience=Audience.MEMBER)
    for one in Member.objects.all():
        workflows_start(actor=SYSTEM, member=one)
    step_complete(actor=owner, key="mine.look")
    assert (shown(owner, "mine"), shown(member, "mine")) == ({"look": "done"}, {"look": "open"})
    support = replace(
        owner,
        proof=Proof(impersonator=Impersonator(person_id=SYSTEM_ID, label="staff@platform.test")),
    )
    assert [one.workflow.code for one in checklists_for(support)] == ["workspace"]
    with pytest.raises(ImpersonationRefused):
        step_skip(actor=support, key="mine.look")
    with pytest.raises(ImpersonationRefused):
        checklist_dismiss(actor=support, workflow="workspace")
    program = replace(owner, person_id=None, member_id=None)
    with pytest.raises(NotFound):
        step_skip(actor=program, key="mine.look")
    with pytest.raises(NotFound):
        checklist_dismiss(actor=program, workflow="workspace")


def test_dismissed_for_oneself(tour: WorkflowRun, owner: Actor, member: Actor) -> None:
    checklist_dismiss(actor=owner, workflow="tour")
    checklist_dismiss(actor=owner, workflow="tour")
    assert checklist_for(owner, "tour").run.is_dismissed
    assert not checklist_for(owner, "tour").is_shown
    assert checklist_for(member, "tour").is_shown
    checklist_restore(actor=owner, workflow="tour")
    assert checklist_for(owner, "tour").is_shown


def test_another_workspace_goes_its_own_way(
    tour: WorkflowRun, owner: Actor, globex: Tenant, charlie: Person
) -> None:
    step_complete(actor=owner, key="tour.look")
    with tenant_context(globex):
        theirs = actor_for(charlie)
        with pytest.raises(NotFound):
            checklist_for(theirs, "tour")
        with pytest.raises(NotFound):
            step_complete(actor=theirs, key="tour.look")
        workflows_start(actor=SYSTEM, member=None)
        assert shown(theirs)["look"] == "open"


def test_a_new_workspace_has_begun(globex: Tenant, charlie: Person) -> None:
    """Provisioning did it, and found what was true already: the address is confirmed."""
    with tenant_context(globex):
        actor = actor_for(charlie)
        assert shown(actor, "workspace") == {
            "name": "open",
            "invite": "blocked",
            "structure": "blocked",
            "plan": "open",
            "sign_in": "blocked",
            "api_key": "open",
        }
        assert shown(actor, "welcome") == {
            "address": "done",
            "profile": "open",
            "second_factor": "open",
        }
