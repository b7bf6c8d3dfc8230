"""Whether somebody is asked costs no statement on most pages."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.common import caching
from apps.common.actors import Actor
from apps.feedback.selectors import survey_due
from apps.feedback.services import survey_answer, survey_show
from tests.feedback.conftest import Ask

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on(settings: Any, db: None) -> Iterator[None]:
    settings.CACHE_READS = True
    yield
    for key in caching.redis_client().scan_iter("cache:*"):
        caching.redis_client().delete(key)


def statements(actor: Actor) -> int:
    with CaptureQueriesContext(connection) as captured:
        survey_due(actor)
    return len(captured)


def test_nothing_is_asked(owner: Actor) -> None:
    assert (statements(owner), statements(owner)) == (1, 0)


def test_something_is_asked(
    ask: Ask, owner: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        ask(days=30)
    assert statements(owner) <= 6
    assert statements(owner) == 0


def test_an_answer_is_known_at_once(
    ask: Ask, owner: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        ask()
    with django_capture_on_commit_callbacks(execute=True):
        assert survey_show(actor=owner) is not None
    due = survey_due(owner)
    assert due is not None
    assert due.prompt is not None
    with django_capture_on_commit_callbacks(execute=True):
        survey_answer(actor=owner, survey="tests.nps", score=9)
    assert survey_due(owner) is None
    assert statements(owner) == 0
