import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.events import drain, handling, registry, streams
from apps.events.consuming import GroupConsumer
from apps.events.dispatching import dispatch_batch, prepare, trim
from apps.events.drain import drain_once
from apps.events.enums import HandlingState
from apps.events.models import Handling, OutboxEvent, Partition, Subscriber
from apps.events.ownership import Ownership
from apps.events.processes import direct_connection
from apps.events.registry import EventContext, subscribe
from apps.events.services import publish
from apps.events.streams import Reader, StreamLost, Writer, all_partitions
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


def test_a_death_between_effect_and_commit_undoes_both(monkeypatch):
    post(1)
    with monkeypatch.context() as patch:
        patch.setattr(handling, "_call", lambda *_: record_and_die())
        with pytest.raises(SystemExit):
            drain_once()
    assert effects() == []
    assert not Handling.objects.exists()
    assert take_over() == drain.Tally(done=1)
    assert effects() == [1]


def record_and_die() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sample_effects (event_id, note_id, n) "
            "VALUES (gen_random_uuid(), gen_random_uuid(), 1)"
        )
    raise SystemExit


def take_over() -> drain.Tally:
    """What a consumer does first: what the one before it left."""
    reader = Reader("sample", "another")
    consumer = GroupConsumer("sample", reader)
    for partition in all_partitions():
        consumer.take(reader.take_over(partition))
    reader.close()
    return consumer.tally


def test_an_entry_that_comes_twice_takes_effect_once(monkeypatch):
    post(1)
    with monkeypatch.context() as patch:
        patch.setattr(Reader, "done", lambda *_: None)
        assert drain_once().done == 1
    assert take_over() == drain.Tally()
    assert effects() == [1]


def test_a_batch_that_was_added_and_not_committed_is_added_again_and_takes_effect_once():
    note_id = uuid.uuid4()
    for n in range(3):
        post(n, note_id=note_id)
    writer = Writer()
    prepare(writer)
    with pytest.raises(SystemExit), transaction.atomic():
        assert dispatch_batch(writer) == 3
        raise SystemExit
    post(3, note_id=note_id)
    writer.close()
    assert drain_once() == drain.Drained(dispatched=4, done=4)
    assert effects() == [0, 1, 2, 3]


def test_what_redis_forgot_is_dispatched_again_before_anything_newer():
    note_id = uuid.uuid4()
    writer = Writer()
    prepare(writer)
    post(1, note_id=note_id)
    assert dispatch_batch(writer) == 1
    streams.connect().flushdb()
    post(2, note_id=note_id)
    with pytest.raises(StreamLost), transaction.atomic():
        dispatch_batch(writer)
    writer.close()
    assert drain_once() == drain.Drained(dispatched=2, done=2)
    assert effects() == [1, 2]


def test_what_was_handled_is_not_dispatched_again_after_a_loss():
    post(1)
    assert drain_once().done == 1
    streams.connect().flushdb()
    assert drain_once() == drain.Drained()
    assert effects() == [1]


def test_a_handler_is_not_owed_what_was_dispatched_before_it_was_there():
    post(1)
    drain_once()
    OutboxEvent.objects.update(dispatched_at=timezone.now() - timedelta(hours=1))
    seen = failing()
    streams.connect().flushdb()
    drain_once()
    post(2)
    drain_once()
    assert seen == [2]


def test_a_handler_of_a_newer_release_gets_what_this_one_read():
    """During a deployment: both releases have consumers, and only one of them knows the handler."""
    seen = failing(name="sample.newer")
    drain_once()
    newer = registry._subscriptions.pop("sample.newer")
    post(1)
    assert drain_once() == drain.Drained(dispatched=1, done=1)
    assert Handling.objects.get(handler="sample.newer").state == HandlingState.PENDING
    registry._subscriptions["sample.newer"] = newer
    assert drain_once() == drain.Drained(done=1)
    assert seen == [1]


def test_a_new_handler_is_owed_nothing_before_running_consumers_know_of_it():
    """An older one reads what it takes for something that nobody wants, and says that it is done."""
    drain_once()
    with direct_connection("a consumer of the release before") as direct:
        Ownership("sample", direct)
        seen = failing(name="sample.newer")
        post(1)
        drain_once()
    newer = Subscriber.objects.get(handler="sample.newer")
    assert newer.since - newer.seen_at == timedelta(seconds=10)
    assert seen == []
    Subscriber.objects.filter(id=newer.id).update(since=newer.seen_at)
    post(2)
    drain_once()
    assert seen == [2]


def test_a_handler_that_nobody_has_known_for_a_day_is_owed_nothing():
    failing(name="sample.removed")
    drain_once()
    del registry._subscriptions["sample.removed"]
    Subscriber.objects.filter(handler="sample.removed").update(
        seen_at=timezone.now() - timedelta(days=1, minutes=1)
    )
    post(1)
    drain_once()
    assert not Handling.objects.filter(handler="sample.removed").exists()


def test_streams_are_trimmed_behind_the_slowest_group():
    slow: list[int] = []
    subscribe("sample.note_posted", name="sample.slow", group="slow")(
        lambda e, _c: slow.append(e.n)
    )
    for n in range(20):
        post(n)
    writer = Writer()
    groups = prepare(writer)
    dispatch_batch(writer)
    consumer = GroupConsumer("sample", Reader("sample", "quick"))
    assert consumer.take(consumer.reader.read(all_partitions(), None)) == 20
    trim_all(writer, groups)
    assert entries() >= 20
    drain_once()
    assert sorted(slow) == list(range(20))
    trim_all(writer, groups)
    assert entries() <= len(all_partitions())
    assert Partition.objects.filter(settled_before__isnull=False).exists()
    writer.close()


def trim_all(writer: Writer, groups: list[str]) -> None:
    for number in all_partitions():
        trim(writer, number, groups)


def entries() -> int:
    client = streams.connect()
    return sum(client.xlen(streams.stream(number)) for number in all_partitions())


def test_a_failure_holds_back_its_own_aggregate_only():
    seen = failing(1)
    note_id = uuid.uuid4()
    post(1, note_id=note_id)
    post(2, note_id=note_id)
    post(3)
    assert drain_once() == drain.Drained(dispatched=3, done=4, failed=1)
    assert sorted(seen) == [1, 3]
    assert sorted(effects()) == [1, 2, 3]
    make_due()
    assert drain_once() == drain.Drained(failed=1)
    assert seen[2:] == [1]


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
