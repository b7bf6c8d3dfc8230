"""The dashboard's figures: counted once for all who see the same, and anew when something happened."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.common import caching
from apps.common.actors import Actor
from apps.events.drain import drain_once
from apps.events.models import OutboxEvent
from apps.organizations.models import Organization
from apps.organizations.services import invitation_create, organization_create
from apps.portal.selectors import Figures, dashboard_figures
from apps.roles.selectors import role_by_code

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on(settings: Any, db: None) -> Iterator[None]:
    settings.CACHE_READS = True
    OutboxEvent.objects.all().delete()
    yield
    for key in caching.redis_client().scan_iter("cache:*"):
        caching.redis_client().delete(key)


def counted(actor: Actor) -> tuple[Figures, int]:
    with CaptureQueriesContext(connection) as captured:
        found = dashboard_figures(actor)
    return found, len(captured.captured_queries)


def test_counted_once_and_anew_after_an_event(
    owner: Actor, root: Organization, django_capture_on_commit_callbacks: Any
) -> None:
    assert counted(owner) == (Figures(2, 2, 0, 1), 1)
    assert counted(owner) == (Figures(2, 2, 0, 1), 0)
    role = role_by_code("member")
    organization_create(actor=owner, parent_id=root.id, name="Europe")
    invitation_create(
        actor=owner, email="new@acme.test", organization_id=root.id, role_ids=[role.id]
    )
    with django_capture_on_commit_callbacks(execute=True):
        drain_once()
    assert counted(owner) == (Figures(2, 2, 1, 2), 1)
    assert counted(owner)[1] == 0


def test_who_sees_less_is_told_less(owner: Actor, member: Actor) -> None:
    whole, _ = counted(owner)
    less, statements = counted(member)
    assert whole.pending == 0
    assert (less.pending, statements) == (None, 1)
    assert counted(owner) == (whole, 0)
