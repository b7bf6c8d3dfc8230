"""Workflows follow events, meet new versions, and differ by plan."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.events import FactorAdded
from apps.accounts.models import Person
from apps.common.actors import Actor, ActorKind
from apps.common.database import system_connection
from apps.common.errors import NotFound
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.events.models import Handling
from apps.events.services import publish
from apps.onboarding.declarations import Completion, Included, OnPlan
from apps.onboarding.enums import Audience
from apps.onboarding.life import run_upgrade, step_follow, tend, workflows_start
from apps.onboarding.models import StepState, WorkflowRun
from apps.onboarding.selectors import checklist_for
from apps.onboarding.services import step_complete, step_skip
from apps.organizations.actors import actor_for
from apps.organizations.models import Member, Organization
from apps.organizations.services import (
    invitation_create,
    member_join,
    organization_create,
    organization_rename,
)
from apps.roles.models import Role
from apps.roles.selectors import role_by_code
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_rename
from tests.billing.rows import give_everything
from tests.conftest import SYSTEM, Entitle, make_person
from tests.onboarding.conftest import a_step, declare, shown

pytestmark = pytest.mark.django_db


def started(**kwargs: Any) -> WorkflowRun:
    workflows_start(actor=SYSTEM, member=None)
    return WorkflowRun.objects.get(workflow="tour")


def test_events_complete_steps_in_whatever_order(
    owner: Actor, acme: Tenant, root: Organization, role: Callable[[str], Role]
) -> None:
    """Somebody invites before they looked at the name."""
    invitation_create(
        actor=owner,
        email="dana@acme.test",
        organization_id=root.id,
        role_ids=[role("member").id],
    )
    drain_once()
    assert shown(owner, "workspace")["invite"] == "done"
    assert shown(owner, "workspace")["name"] == "open"
    state = StepState.objects.get(step="invite")
    assert state.person_id == owner.person_id
    tenant_rename(actor=owner, tenant_id=acme.id, name="Acme Works")
    drain_once()
    assert shown(owner, "workspace")["name"] == "done"


def test_the_predicate_decides(owner: Actor, root: Organization) -> None:
    created = organization_create(actor=owner, parent_id=root.id, name="Sales")
    drain_once()
    assert shown(owner, "workspace")["structure"] == "done"
    StepState.objects.all().delete()
    organization_rename(actor=owner, organization_id=created.id, name="Sales Europe")
    drain_once()
    assert shown(owner, "workspace")["structure"] == "blocked"


def test_an_event_that_comes_twice_counts_once(
    owner: Actor, published: Callable[[], list[str]]
) -> None:
    one = declare(a_step("look"))
    run = started()
    step = one.step("look")
    assert step is not None
    assert step_follow(actor=owner, one=one, step=step, member_id=None) is True
    at = StepState.objects.get(run=run).decided_at
    assert step_follow(actor=SYSTEM, one=one, step=step, member_id=None) is False
    state = StepState.objects.get(run=run)
    assert (state.decided_at, state.person_id) == (at, owner.person_id)
    assert published() == [
        "onboarding.workflow_started",
        "onboarding.step_completed",
        "onboarding.workflow_completed",
    ]


def test_what_was_skipped_and_then_done_is_done(owner: Actor) -> None:
    one = declare(a_step("look"), a_step("more"))
    started()
    step_skip(actor=owner, key="tour.look")
    step = one.step("look")
    assert step is not None
    assert step_follow(actor=owner, one=one, step=step, member_id=None) is True
    assert shown(owner) == {"look": "done", "more": "open"}


def test_a_new_member_begins_their_own(acme: Tenant, root: Organization) -> None:
    dana = make_person("Dana", "dana@acme.test")
    member_join(actor=SYSTEM, person=dana, organization=root, roles=[role_by_code("member")])
    drain_once()
    actor = actor_for(dana)
    assert shown(actor, "welcome") == {
        "address": "done",
        "profile": "open",
        "second_factor": "open",
    }
    drain_once()
    assert WorkflowRun.objects.filter(member_id=actor.member_id).count() == 1


def test_what_a_person_does_elsewhere_counts_in_all_their_workspaces(
    acme: Tenant, globex: Tenant, charlie: Person, world: Any
) -> None:
    with tenant_context(acme):
        member_join(
            actor=SYSTEM,
            person=charlie,
            organization=Organization.objects.get(depth=1),
            roles=[role_by_code("member")],
        )
    drain_once()
    Tenant.objects.filter(id=globex.id).update(status="suspended")
    me = Actor(ActorKind.PERSON, charlie.email, person_id=charlie.id)
    with tenant_context(None):
        publish(
            FactorAdded(person_id=charlie.id, factor="totp", factor_id=1), actor=me, tenant_id=None
        )
        drain_once()
    for tenant, expected in ((acme, "done"), (globex, "open")):
        with tenant_context(tenant):
            assert shown(actor_for(charlie), "welcome")["second_factor"] == expected, tenant
    of_ours = Handling.objects.filter(handler__startswith="onboarding.")
    assert set(of_ours.values_list("state", flat=True)) == {"done"}


def test_what_happens_in_a_suspended_workspace_waits_until_it_is_looked_at(
    owner: Actor, acme: Tenant
) -> None:
    tenant_rename(actor=owner, tenant_id=acme.id, name="Acme Works")
    Tenant.objects.filter(id=acme.id).update(status="suspended")
    drain_once()
    assert shown(owner, "workspace")["name"] == "open"
    with system_connection():
        handlings = Handling.objects.filter(handler__startswith="onboarding.")
        assert set(handlings.values_list("state", flat=True)) == {"done"}


def test_what_is_true_already_is_ticked_off_at_the_start(owner: Actor, member: Actor) -> None:
    """acme has two members by now."""
    WorkflowRun.objects.all().delete()
    workflows_start(actor=SYSTEM, member=None)
    assert shown(owner, "workspace") == {
        "name": "open",
        "invite": "done",
        "structure": "blocked",
        "plan": "open",
        "sign_in": "open",
        "api_key": "open",
    }


def test_a_new_version_keeps_what_is_done(owner: Actor, published: Callable[[], list[str]]) -> None:
    declare(a_step("look"), a_step("old"), a_step("touch", after=("look",)))
    run = started()
    step_complete(actor=owner, key="tour.look")
    step_complete(actor=owner, key="tour.old")
    declare(
        a_step("look"),
        a_step("touch", after=("look",)),
        a_step("new", after=("look",)),
        a_step("true", is_done=lambda _subject: True),
        version=2,
    )
    # At once, before anybody has taken it up.
    expected = {"look": "done", "touch": "open", "new": "open", "true": "open"}
    assert shown(owner) == expected
    tend()
    assert shown(owner) == {**expected, "true": "done"}
    run.refresh_from_db()
    assert (run.version, run.begun_version, run.completed_at) == (2, 1, None)
    assert published()[-2:] == ["onboarding.workflow_upgraded", "onboarding.step_completed"]
    run_upgrade(run_id=run.id)
    assert published()[-2:] == ["onboarding.workflow_upgraded", "onboarding.step_completed"]
    # A step that comes back is as it was.
    declare(a_step("old"), a_step("look"), version=3)
    tend()
    assert shown(owner) == {"old": "done", "look": "done"}
    assert checklist_for(owner, "tour").is_complete


@pytest.mark.parametrize("reopens", [False, True])
def test_what_was_complete_stays_so_unless_the_version_says_otherwise(
    owner: Actor, reopens: bool
) -> None:
    declare(a_step("look"))
    run = started()
    step_complete(actor=owner, key="tour.look")
    declare(a_step("look"), a_step("new"), version=2, reopens=reopens)
    assert checklist_for(owner, "tour").is_complete is not reopens
    tend()
    run.refresh_from_db()
    assert (run.version, run.completed_at is None) == (2, reopens)
    step_complete(actor=owner, key="tour.new")
    assert checklist_for(owner, "tour").is_complete


def test_a_version_that_only_takes_away_completes(owner: Actor) -> None:
    declare(a_step("look"), a_step("old"))
    started()
    step_complete(actor=owner, key="tour.look")
    declare(a_step("look"), version=2)
    tend()
    assert checklist_for(owner, "tour").is_complete


def test_steps_by_plan(owner: Actor, acme: Tenant, entitle: Entitle) -> None:
    entitle({"roles.api_keys": 0})
    declare(
        a_step("look"),
        a_step("seats", applies=Included("roles.api_keys")),
        a_step("gold", applies=OnPlan(("gold",))),
        a_step("none", applies=OnPlan(())),
        a_step("after", after=("gold", "look")),
    )
    started()
    assert shown(owner) == {"look": "open", "none": "open", "after": "blocked"}
    with pytest.raises(NotFound):
        step_complete(actor=owner, key="tour.gold")
    entitle({"roles.api_keys": 3})
    assert list(shown(owner)) == ["look", "seats", "none", "after"]
    # What does not apply blocks nothing, and is not waited for.
    for code in ("look", "seats", "none", "after"):
        step_complete(actor=owner, key=f"tour.{code}")
    assert checklist_for(owner, "tour").is_complete
    with system_connection():
        give_everything(acme)
    assert shown(owner)["gold"] == "open"
    assert "none" not in shown(owner)
    assert checklist_for(owner, "tour").is_complete


def test_a_whole_workflow_by_plan(owner: Actor, acme: Tenant, entitle: Entitle) -> None:
    entitle({"roles.api_keys": 0})
    declare(a_step("look"), applies=Included("roles.api_keys"))
    workflows_start(actor=SYSTEM, member=None)
    assert not WorkflowRun.objects.filter(workflow="tour").exists()
    entitle({"roles.api_keys": 1})
    tend()
    assert shown(owner) == {"look": "open"}
    # Taken away again, it is not shown, and has no end.
    entitle({"roles.api_keys": 0})
    tend()
    assert not WorkflowRun.objects.get(workflow="tour").completed_at


def test_completed_by_who_did_it(owner: Actor, acme: Tenant, member: Actor) -> None:
    renamed = Completion("tenants.tenant_renamed", who="")
    declare(a_step("name", completed_by=(renamed,)), code="mine", audience=Audience.MEMBER)
    for one in Member.objects.all():
        workflows_start(actor=SYSTEM, member=one)
    tenant_rename(actor=owner, tenant_id=acme.id, name="Acme Works")
    drain_once()
    assert shown(owner, "mine") == {"name": "done"}
    assert shown(member, "mine") == {"name": "open"}
