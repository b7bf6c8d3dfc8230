"""Two at once: one decides, the other sees it."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.onboarding.life import workflows_start
from apps.onboarding.models import StepState, WorkflowRun
from apps.onboarding.services import step_complete, step_skip
from apps.organizations.actors import actor_for
from apps.organizations.models import Member
from apps.tenants.models import Tenant
from tests.conftest import SYSTEM
from tests.onboarding.conftest import a_step, declare

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(tenant: Tenant, *acts: Callable[[], object]) -> list[BaseException]:
    """All begin together; returns what they raised."""
    barrier = threading.Barrier(len(acts))
    failed: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            with tenant_context(tenant):
                barrier.wait(10)
                act()
        except Exception as error:  # noqa: BLE001 - for the test to look at
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return failed


def told(name: str) -> int:
    return OutboxEvent.objects.filter(name=f"onboarding.{name}").count()


def test_two_complete_the_same_step(acme: Tenant, alice: Person, bob: Person) -> None:
    declare(a_step("look"))
    with tenant_context(acme):
        workflows_start(actor=SYSTEM, member=None)
        actors = [actor_for(alice), actor_for(bob)]
    before = told("step_completed")
    acts = [lambda actor=actor: step_complete(actor=actor, key="tour.look") for actor in actors * 3]
    assert at_once(acme, *acts) == []
    assert (told("step_completed") - before, told("workflow_completed")) == (1, 1)
    with tenant_context(acme):
        assert StepState.objects.filter(run__workflow="tour").count() == 1


def test_the_last_two_steps_at_once_end_it_once(acme: Tenant, alice: Person, bob: Person) -> None:
    declare(a_step("look"), a_step("touch"))
    with tenant_context(acme):
        workflows_start(actor=SYSTEM, member=None)
        one, other = actor_for(alice), actor_for(bob)
    assert (
        at_once(
            acme,
            lambda: step_complete(actor=one, key="tour.look"),
            lambda: step_skip(actor=other, key="tour.touch"),
        )
        == []
    )
    assert told("workflow_completed") == 1
    with tenant_context(acme):
        assert WorkflowRun.objects.get(workflow="tour").completed_at is not None


def test_two_begin_the_same(acme: Tenant, bob: Person) -> None:
    with tenant_context(acme):
        member = Member.objects.get(person_id=bob.id)
    acts = [lambda: workflows_start(actor=SYSTEM, member=member)] * 4
    before = told("workflow_started")
    assert at_once(acme, *acts) == []
    assert told("workflow_started") - before == 1
    with tenant_context(acme):
        assert WorkflowRun.objects.filter(member=member).count() == 1
