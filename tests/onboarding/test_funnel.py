"""What staff see over all tenants comes from counters that handlers keep."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Person
from apps.adoption.funnels import Funnel, funnels
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import PermissionDenied
from apps.common.tenancy import tenant_context
from apps.events.drain import drain_once
from apps.onboarding.life import workflows_start
from apps.onboarding.models import WorkflowRun
from apps.onboarding.services import step_complete, step_reopen, step_skip
from apps.organizations.actors import actor_for
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM
from tests.onboarding.conftest import a_step, declare

pytestmark = pytest.mark.django_db


def of_tour() -> list[Funnel]:
    drain_once()
    with system_connection():
        return [one for one in funnels(SYSTEM) if one.workflow == "tour"]


def test_over_all_tenants(
    owner: Actor, member: Actor, acme: Tenant, globex: Tenant, charlie: Person
) -> None:
    declare(a_step("look"), a_step("touch"))
    workflows_start(actor=SYSTEM, member=None)
    WorkflowRun.objects.filter(workflow="tour").update(
        created_at=timezone.now() - timedelta(hours=1)
    )
    step_complete(actor=owner, key="tour.look")
    step_skip(actor=owner, key="tour.touch")
    with tenant_context(globex):
        workflows_start(actor=SYSTEM, member=None)
        step_complete(actor=actor_for(charlie), key="tour.look")
    (found,) = of_tour()
    assert (found.version, found.started, found.whole.done) == (1, 2, 1)
    assert (found.steps["look"].done, found.steps["look"].skipped) == (2, 0)
    assert (found.steps["touch"].done, found.steps["touch"].skipped) == (0, 1)
    # To within 10 %.
    assert found.whole.median_s == pytest.approx(3600, rel=0.1)
    assert found.steps["touch"].median_s is None


def test_taking_a_step_up_again_counts_nothing_twice(owner: Actor) -> None:
    declare(a_step("look"))
    workflows_start(actor=SYSTEM, member=None)
    for _again in range(3):
        step_complete(actor=owner, key="tour.look")
        step_reopen(actor=owner, key="tour.look")
    step_skip(actor=owner, key="tour.look")
    (found,) = of_tour()
    assert (found.whole.done, found.steps["look"].done, found.steps["look"].skipped) == (1, 1, 0)


def test_each_version_is_counted_by_how_it_began(owner: Actor) -> None:
    declare(a_step("look"))
    workflows_start(actor=SYSTEM, member=None)
    declare(a_step("look"), a_step("touch"), version=2)
    for code in ("look", "touch"):
        step_complete(actor=owner, key=f"tour.{code}")
    (found,) = of_tour()
    assert (found.version, found.whole.done, found.steps["touch"].done) == (1, 1, 1)


def test_since_a_month(owner: Actor) -> None:
    declare(a_step("look"))
    workflows_start(actor=SYSTEM, member=None)
    drain_once()
    now = timezone.now().date()
    with system_connection():
        assert "tour" in {one.workflow for one in funnels(SYSTEM, since=now)}
        assert not funnels(SYSTEM, since=now + timedelta(days=32))


def test_it_is_for_staff(owner: Actor) -> None:
    with pytest.raises(PermissionDenied):
        funnels(owner)
