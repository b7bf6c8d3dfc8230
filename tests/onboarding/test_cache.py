"""Checklists cost no statement while nothing changes, and are never older than the last commit."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.common import caching
from apps.common.actors import Actor
from apps.onboarding.life import workflows_start
from apps.onboarding.selectors import checklists_for
from apps.onboarding.services import checklist_dismiss, step_complete
from tests.conftest import SYSTEM, Entitle
from tests.onboarding.conftest import a_step, declare, shown

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on(settings: Any, db: None) -> Iterator[None]:
    settings.CACHE_READS = True
    yield
    for key in caching.redis_client().scan_iter("cache:*"):
        caching.redis_client().delete(key)


def statements(actor: Actor) -> int:
    with CaptureQueriesContext(connection) as captured:
        checklists_for(actor)
    return len(captured)


def test_one_statement_cold_and_none_warm(owner: Actor, member: Actor) -> None:
    assert (statements(owner), statements(owner)) == (1, 0)
    # Each member has their own part of it.
    assert (statements(member), statements(member)) == (1, 0)


def test_every_change_drops_it(
    owner: Actor, entitle: Entitle, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        declare(a_step("look"), a_step("touch"))
        workflows_start(actor=SYSTEM, member=None)
    assert shown(owner) == {"look": "open", "touch": "open"}
    with django_capture_on_commit_callbacks(execute=True):
        step_complete(actor=owner, key="tour.look")
        # Until the commit everybody reads the database.
        assert statements(owner) == 1
    assert shown(owner) == {"look": "done", "touch": "open"}
    assert statements(owner) == 0
    with django_capture_on_commit_callbacks(execute=True):
        checklist_dismiss(actor=owner, workflow="tour")
    tour = next(one for one in checklists_for(owner) if one.workflow.code == "tour")
    assert tour.run.is_dismissed
    assert statements(owner) == 0
