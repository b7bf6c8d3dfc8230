"""Who stands still is reminded: after three days, once more after seven, and never again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.common.actors import Actor
from apps.events.models import OutboxEvent
from apps.onboarding import declarations
from apps.onboarding.life import tend, workflows_start
from apps.onboarding.models import WorkflowRun
from apps.onboarding.services import checklist_dismiss, step_complete, step_skip
from apps.onboarding.tasks import tend as tend_all
from apps.organizations.models import Member
from tests.conftest import SYSTEM
from tests.onboarding.conftest import a_step, declare

pytestmark = pytest.mark.django_db


@pytest.fixture
def tour(in_acme: None) -> WorkflowRun:
    """The only workflow that anybody has."""
    WorkflowRun.objects.all().delete()
    declarations._workflows.clear()
    declare(a_step("look"), a_step("touch", after=("look",)))
    workflows_start(actor=SYSTEM, member=None)
    return WorkflowRun.objects.get()


def stands_still(run: WorkflowRun, days: float) -> None:
    WorkflowRun.objects.filter(id=run.id).update(
        progressed_at=timezone.now() - timedelta(days=days)
    )


def nudged() -> list[dict[str, Any]]:
    rows = OutboxEvent.objects.filter(name="onboarding.progress_stalled").order_by("created_at")
    return list(rows.values_list("payload", flat=True))


def test_twice_at_most(tour: WorkflowRun, owner: Actor) -> None:
    for days, expected in ((2.9, 0), (3, 1), (3, 1), (6.9, 1), (7, 2), (7, 2), (70, 2)):
        stands_still(tour, days)
        tend()
        assert len(nudged()) == expected, days
    assert nudged()[0] == {
        "run_id": str(tour.id),
        "workflow": "tour",
        "step": "look",
        "member_id": str(owner.member_id),
        "number": 1,
    }
    assert nudged()[1]["number"] == 2


def test_progress_puts_it_off(tour: WorkflowRun, owner: Actor) -> None:
    stands_still(tour, 3)
    step_complete(actor=owner, key="tour.look")
    tend()
    assert nudged() == []
    stands_still(tour, 3)
    tend()
    assert [one["step"] for one in nudged()] == ["touch"]


def test_never_after_the_end(tour: WorkflowRun, owner: Actor) -> None:
    step_complete(actor=owner, key="tour.look")
    step_skip(actor=owner, key="tour.touch")
    stands_still(tour, 30)
    tend()
    assert nudged() == []


def test_not_those_who_dismissed_it(tour: WorkflowRun, owner: Actor) -> None:
    checklist_dismiss(actor=owner, workflow="tour")
    stands_still(tour, 3)
    tend()
    assert nudged() == []


def test_what_turns_out_to_be_done_is_ticked_off_instead(tour: WorkflowRun) -> None:
    declare(a_step("look", is_done=lambda _subject: True))
    stands_still(tour, 3)
    tend()
    assert nudged() == []
    tour.refresh_from_db()
    assert tour.completed_at is not None


def test_who_has_been_here_for_long_is_not_reminded_of_what_begins_now(in_acme: None) -> None:
    Member.objects.update(created_at=timezone.now() - timedelta(days=400))
    WorkflowRun.objects.all().delete()
    tend_all()
    runs = WorkflowRun.objects.all()
    assert set(runs.values_list("workflow", "nudges")) == {("workspace", 2), ("welcome", 2)}
    assert runs.count() == 3
    runs.update(progressed_at=timezone.now() - timedelta(days=30))
    tend_all()
    assert nudged() == []


def test_a_member_of_their_own(in_acme: None, owner: Actor, bob_member: Member) -> None:
    workflows_start(actor=SYSTEM, member=bob_member)
    run = WorkflowRun.objects.get(member=bob_member)
    stands_still(run, 3)
    tend()
    assert [one["member_id"] for one in nudged()] == [str(bob_member.id)]
    Member.objects.filter(id=bob_member.id).update(status="deactivated")
    stands_still(run, 7)
    tend()
    assert len(nudged()) == 1
