import threading
import uuid

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.events import drain
from apps.events.drain import drain_once
from apps.events.enums import HandlingState
from apps.events.models import Handling, OutboxEvent
from apps.events.registry import EventContext, subscribe
from apps.events.services import publish
from tests.events.sample import ACTOR, NotePosted, effects, post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("effects_table")]


def only_handling() -> Handling:
    return Handling.objects.get()


def make_due() -> None:
    Handling.objects.update(next_attempt_at=timezone.now())


def failing(*failing_n: int, name: str = "sample.check_note") -> list[int]:
    """Subscribe a handler that fails for these; returns where it notes what it was called with."""
    seen: list[int] = []

    @subscribe("sample.note_posted", name=name)
    def check_note(event: NotePosted, _context: EventContext) -> None:
        seen.append(event.n)
        if event.n in failing_n:
            raise ValueError(f"no {event.n}")

    return seen


def test_an_event_reaches_its_handler_once():
    event_id = post(7)
    assert drain_once() == drain.Drained(dispatched=1, done=1)
    assert effects() == [7]
    handling = only_handling()
    assert (handling.event_id, handling.handler) == (event_id, "sample.record_note")
    assert (handling.state, handling.attempts) == ("done", 1)
    assert drain_once() == drain.Drained()
    assert effects() == [7]


def test_a_handler_is_told_who_and_when():
    told = []
    subscribe("sample.note_posted", name="sample.listen")(lambda e, c: told.append((e, c)))
    note_id = uuid.uuid4()
    event_id = post(1, note_id=note_id)
    drain_once()
    [(event, context)] = told
    assert event == NotePosted(note_id, 1)
    assert (context.event_id, context.tenant_id, context.attempt) == (event_id, None, 1)
    assert (context.actor_label, context.actor) == ("system:test", ACTOR)
    assert context.created_at == OutboxEvent.objects.get(id=event_id).created_at


def test_an_event_of_another_release_stays_for_it():
    event_id = post()
    OutboxEvent.objects.filter(id=event_id).update(name="sample.note_sung")
    assert drain_once() == drain.Drained()
    assert OutboxEvent.objects.get(id=event_id).dispatched_at is None


def test_a_death_between_effect_and_mark_undoes_the_effect(monkeypatch):
    post(1)
    with monkeypatch.context() as patch:
        patch.setattr(drain, "_mark", lambda *_a, **_k: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            drain_once()
    assert effects() == []
    assert only_handling().state == HandlingState.PENDING
    drain_once()
    assert effects() == [1]


@pytest.mark.django_db(transaction=True)
def test_two_drains_handle_200_events_once_each():
    note_ids = [uuid.uuid4() for _ in range(40)]
    for n in range(200):
        post(n, note_id=note_ids[n % 40])
    start = threading.Barrier(2)
    results: list[drain.Drained] = []

    def work() -> None:
        try:
            start.wait()
            results.append(drain_once())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drain_once()  # what was locked by the other when one found nothing more
    handled = effects()
    assert sorted(handled) == list(range(200))
    for first in range(40):
        assert [n for n in handled if n % 40 == first] == list(range(first, 200, 40))
    assert sum(r.done for r in results) == 200
    assert all(r.done > 0 for r in results)


def test_a_failure_holds_back_its_own_aggregate_only():
    seen = failing(1)
    note_id = uuid.uuid4()
    post(1, note_id=note_id)
    post(2, note_id=note_id)
    post(3)
    assert drain_once() == drain.Drained(dispatched=3, done=4, failed=1)
    assert seen == [1, 3]
    assert sorted(effects()) == [1, 2, 3]
    make_due()
    assert drain_once() == drain.Drained(failed=1)
    assert seen == [1, 3, 1]


@pytest.mark.django_db(transaction=True)
def test_a_late_commit_with_a_lower_position_is_not_skipped():
    ready, go = threading.Event(), threading.Event()

    def late() -> None:
        try:
            with transaction.atomic():
                publish(NotePosted(uuid.uuid4(), 1), actor=ACTOR, tenant_id=None)
                ready.set()
                assert go.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    assert ready.wait(10)
    post(2)
    assert drain_once().done == 1
    assert effects() == [2]
    go.set()
    thread.join()
    assert drain_once().done == 1
    assert effects() == [2, 1]
    # The world's own events are there too, if this test is the first of its process.
    posted = OutboxEvent.objects.filter(name=NotePosted.event_name).order_by("position")
    assert list(posted.values_list("payload__n", flat=True)) == [1, 2]
