"""Handlers that take batches."""

import uuid

import pytest
from django.db import transaction
from django.utils import timezone

from apps.events import registry
from apps.events.drain import Drained, drain_once
from apps.events.models import Handling
from apps.events.registry import subscribe
from tests.events.sample import effects, post, record_note

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("effects_table")]
NAME = "sample.record_many"


@pytest.fixture
def batches() -> list[list[int]]:
    """The only handler there is; returns where it notes what it got together. It fails for 13."""
    got: list[list[int]] = []

    def record_many(given) -> None:
        got.append([event.n for event, _context in given])
        for event, context in given:
            record_note(event, context)
        if 13 in got[-1]:
            raise ValueError("no 13")

    registry._subscriptions.clear()
    subscribe("sample.note_posted", name=NAME, takes_batches=True)(record_many)
    return got


def test_what_was_read_together_is_handled_together_and_in_order(batches):
    note_id = uuid.uuid4()
    for n in range(10):
        post(n, note_id=note_id)
    assert drain_once() == Drained(dispatched=10, done=10)
    assert batches == [list(range(10))]
    assert effects() == list(range(10))
    assert set(Handling.objects.values_list("state", "attempts")) == {("done", 1)}
    assert drain_once() == Drained()


def test_what_fails_is_found_by_giving_them_one_by_one(batches):
    poisoned = uuid.uuid4()
    post(1)
    post(13, note_id=poisoned)
    post(14, note_id=poisoned)
    post(2)
    assert drain_once() == Drained(dispatched=4, done=2, failed=1)
    assert sorted(effects()) == [1, 2]
    assert Handling.objects.get(state="pending", attempts=1).last_error.endswith("no 13\n")
    assert Handling.objects.filter(state="pending", attempts=0).count() == 1
    Handling.objects.filter(attempts=1, state="pending").update(state="dead")
    assert drain_once().done == 1
    assert sorted(effects()) == [1, 2, 14]
    assert batches[-1] == [14]


def test_an_event_that_came_before_is_left_out_of_the_batch(batches):
    seen = post(1)
    Handling.objects.create(
        event_id=seen, handler=NAME, position=1, state="done", next_attempt_at=timezone.now()
    )
    post(2)
    assert drain_once().done == 1
    assert batches == [[2]]


@pytest.mark.django_db(transaction=True)
def test_a_hook_that_fails_after_the_commit_makes_each_a_dead_letter():
    def hook_fails(given) -> None:
        for event, context in given:
            record_note(event, context)
        transaction.on_commit(lambda: 1 / 0)

    registry._subscriptions.clear()
    subscribe("sample.note_posted", name=NAME, takes_batches=True)(hook_fails)
    post(1)
    post(2)
    assert drain_once() == Drained(dispatched=2, dead=2)
    assert sorted(effects()) == [1, 2]
