import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.common.actors import Actor, ActorKind
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.events.dispatching import prepare, trim
from apps.events.drain import drain_once
from apps.events.models import Handling, OutboxEvent
from apps.events.replaying import handling_discard, handling_replay, handlings_replay
from apps.events.services import events_prune
from apps.events.streams import Writer, all_partitions
from tests.events.sample import ACTOR, effects, post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("effects_table")]
STAFF = Actor.staff(uuid.uuid4(), "staff@platform.test")
PERSON = Actor(ActorKind.PERSON, "alice@acme.test", person_id=uuid.uuid4())


@pytest.fixture
def dead(effects_table) -> Handling:
    """A dead letter for event 5."""
    post(5)
    drain_once()
    Handling.objects.update(state="dead", attempts=8, last_error="ValueError: 5")
    return Handling.objects.get()


def test_replay_handles_a_dead_letter_again(dead):
    handling_replay(actor=STAFF, handling_id=dead.id)
    assert drain_once().done == 1
    assert effects() == [5, 5]
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == ("done", 1)
    with pytest.raises(Conflict):
        handling_replay(actor=STAFF, handling_id=dead.id)


def test_replay_of_all_or_of_one_handler(dead):
    assert handlings_replay(actor=STAFF, handler="sample.other") == 0
    assert handlings_replay(actor=STAFF, handler="sample.record_note") == 1
    assert handlings_replay(actor=STAFF) == 0
    assert drain_once().done == 1


def test_discard_keeps_who_and_why(dead):
    with pytest.raises(InvalidInput):
        handling_discard(actor=STAFF, handling_id=dead.id, reason="  ")
    handling_discard(actor=STAFF, handling_id=dead.id, reason="a duplicate")
    dead.refresh_from_db()
    assert (dead.state, dead.note) == ("discarded", "staff@platform.test: a duplicate")
    assert dead.last_error == "ValueError: 5"


def test_people_may_not_and_nothing_changes(dead):
    for act in (
        lambda: handling_replay(actor=PERSON, handling_id=dead.id),
        lambda: handlings_replay(actor=PERSON),
        lambda: handling_discard(actor=PERSON, handling_id=dead.id, reason="x"),
        lambda: events_prune(actor=PERSON),
    ):
        with pytest.raises(PermissionDenied):
            act()
    dead.refresh_from_db()
    assert dead.state == "dead"


def test_what_does_not_exist_is_not_found(effects_table):
    with pytest.raises(NotFound):
        handling_replay(actor=STAFF, handling_id=uuid.uuid4())


def test_prune_removes_old_events_that_are_done_with(dead):
    done, young, waiting = post(1), post(2), post(3)
    drain_once()
    OutboxEvent.objects.exclude(id=young).update(created_at=timezone.now() - timedelta(days=31))
    OutboxEvent.objects.filter(id=waiting).update(dispatched_at=None)
    # Somebody may still have to take them: the streams have not been looked at.
    assert events_prune(actor=ACTOR) == 0
    writer = Writer()
    groups = prepare(writer)
    for number in all_partitions():
        trim(writer, number, groups)
    writer.close()
    OutboxEvent.objects.filter(id=done).update(dispatched_at=timezone.now() - timedelta(days=31))
    assert events_prune(actor=ACTOR) == 1
    assert not OutboxEvent.objects.filter(id=done).exists()
    left = set(OutboxEvent.objects.filter(name="sample.note_posted").values_list("id", flat=True))
    assert left == {dead.event_id, young, waiting}
