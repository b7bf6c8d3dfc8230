import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.common import tenancy
from apps.common.tenancy import (
    TenantGone,
    TenantLoader,
    TenantNotReady,
    TenantNotRunnable,
    TenantRef,
    current_tenant,
)
from apps.events import registry
from apps.events.drain import Drained, drain_once
from apps.events.handling import retry_delay_s
from apps.events.models import Handling, OutboxEvent
from apps.events.registry import EventContext, subscribe
from tests.events.sample import NotePosted, effects, post, record_note

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("effects_table")]
NAME = "sample.try_note"
NOBODY = uuid.UUID(int=0)


def only(handler, **options) -> None:
    """The handler under test in place of the sample's."""
    registry._subscriptions.clear()
    subscribe("sample.note_posted", name=NAME, **options)(handler)


def handling() -> Handling:
    return Handling.objects.get()


def make_due() -> None:
    Handling.objects.update(next_attempt_at=timezone.now())


def record_and_fail(event: NotePosted, context: EventContext) -> None:
    record_note(event, context)
    raise ValueError("it \0 broke")


def test_a_failure_is_rolled_back_recorded_and_retried_later():
    only(record_and_fail)
    post(1)
    before = timezone.now()
    assert drain_once() == Drained(dispatched=1, failed=1)
    assert effects() == []
    row = handling()
    assert (row.state, row.attempts) == ("pending", 1)
    assert row.last_error.endswith("ValueError: it  broke\n")
    assert "record_and_fail" in row.last_error
    assert timedelta(seconds=0.5) <= row.next_attempt_at - before < timedelta(seconds=10)
    assert drain_once() == Drained()


def test_delays_grow_to_an_hour_with_jitter():
    for attempts, longest in [(1, 1), (2, 4), (3, 16), (6, 1024), (7, 3600), (60, 3600)]:
        delays = {retry_delay_s(attempts) for _ in range(50)}
        assert len(delays) > 1
        assert longest / 2 <= min(delays)
        assert max(delays) <= longest


def test_after_eight_attempts_it_is_a_dead_letter_that_blocks_nothing():
    only(lambda e, c: record_and_fail(e, c) if e.n == 1 else record_note(e, c))
    note_id = uuid.uuid4()
    post(1, note_id=note_id)
    post(2, note_id=note_id)
    for attempt in range(1, 8):
        assert drain_once().failed == 1, attempt
        assert effects() == []
        make_due()
    assert drain_once() == Drained(dead=1, done=1)
    assert effects() == [2]
    row = Handling.objects.get(state="dead")
    assert (row.event.payload["n"], row.attempts) == (1, 8)


def test_a_swallowed_database_error_is_a_failure():
    def swallow(event: NotePosted, context: EventContext) -> None:
        record_note(event, context)
        try:
            row = handling()
            row.state = "nonsense"
            row.save()
        except IntegrityError:
            return

    only(swallow)
    post(1)
    assert drain_once().failed == 1
    assert effects() == []
    assert "swallowed" in handling().last_error


@pytest.mark.django_db(transaction=True)
def test_what_fails_at_the_commit_is_a_failed_attempt():
    def break_at_commit(event: NotePosted, context: EventContext) -> None:
        record_note(event, context)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sample_effects VALUES (DEFAULT, %s, %s, 2)", [NOBODY, NOBODY]
            )

    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE sample_effects ADD FOREIGN KEY (event_id) "
            "REFERENCES events_outboxevent DEFERRABLE INITIALLY DEFERRED"
        )
    only(break_at_commit)
    post(1)
    assert drain_once() == Drained(dispatched=1, failed=1)
    assert effects() == []
    assert "foreign key" in handling().last_error


@pytest.mark.django_db(transaction=True)
def test_a_hook_that_fails_after_the_commit_is_shown_as_a_dead_letter():
    def hook_fails(event: NotePosted, context: EventContext) -> None:
        record_note(event, context)
        transaction.on_commit(lambda: 1 / 0)

    only(hook_fails)
    post(1)
    assert drain_once() == Drained(dispatched=1, dead=1)
    assert effects() == [1]
    assert handling().last_error.startswith("After the commit:\n")
    assert drain_once() == Drained()


@pytest.mark.django_db(transaction=True)
def test_a_handler_that_loses_its_connection_is_a_failed_attempt():
    def cut(event: NotePosted, context: EventContext) -> None:
        record_note(event, context)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    only(cut)
    post(1)
    assert drain_once() == Drained(dispatched=1, failed=1)
    assert effects() == []


def test_an_unknown_version_in_a_stream_fails_visibly(monkeypatch):
    only(record_note)
    post(1)
    OutboxEvent.objects.update(version=9)
    monkeypatch.setattr(NotePosted, "version", 9)
    monkeypatch.setattr(registry, "deserialize", deserialize_by_an_older_release)
    assert drain_once().failed == 1
    assert "does not know sample.note_posted version 9" in handling().last_error


def deserialize_by_an_older_release(name, version, payload, real=registry.deserialize):
    NotePosted.version, newer = 1, NotePosted.version
    try:
        return real(name, version, payload)
    finally:
        NotePosted.version = newer


@pytest.fixture
def load_tenant(monkeypatch):
    """Sets what the tenants app answers for any id: a reference, or an error to raise."""

    def answer(result):
        def load(_id, _row):
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(tenancy, "_loader", TenantLoader("SELECT %s", load))

    return answer


@pytest.mark.django_db(transaction=True)
def test_a_handler_runs_inside_the_tenant_of_the_event(load_tenant, no_roles):
    acme = TenantRef(uuid.uuid4(), "acme", "t_acme")
    load_tenant(acme)
    seen = []

    def look(_event: NotePosted, context: EventContext) -> None:
        seen.append((current_tenant(), context.tenant_id))
        transaction.on_commit(lambda: seen.append(current_tenant()))

    only(look)
    post(tenant_id=acme.id)
    drain_once()
    assert seen == [(acme, acme.id), acme]
    assert current_tenant() is None


def test_a_tenant_that_is_gone_leaves_nothing_to_do(load_tenant):
    load_tenant(TenantGone("tenant x does not exist"))
    only(record_note)
    post(tenant_id=uuid.uuid4())
    assert drain_once() == Drained(dispatched=1)
    assert effects() == []
    assert not Handling.objects.exists()


def test_a_tenant_that_went_while_an_event_was_retried_leaves_nothing_to_do(load_tenant, no_roles):
    load_tenant(TenantRef(uuid.uuid4(), "acme", "t_acme"))
    only(record_and_fail)
    post(tenant_id=uuid.uuid4())
    assert drain_once().failed == 1
    load_tenant(TenantGone("tenant x does not exist"))
    make_due()
    assert drain_once() == Drained()
    row = handling()
    assert (row.state, row.note) == ("discarded", "system:events: tenant x does not exist")


def test_a_tenant_that_is_suspended_makes_a_dead_letter(load_tenant):
    load_tenant(TenantNotRunnable("tenant acme is suspended"))
    only(record_note)
    post(tenant_id=uuid.uuid4())
    assert drain_once() == Drained(dispatched=1, dead=1)
    assert effects() == []
    assert handling().last_error == "tenant acme is suspended"


def test_a_tenant_that_is_being_provisioned_is_waited_for(load_tenant, no_roles):
    load_tenant(TenantNotReady("tenant acme is provisioning"))
    only(record_note)
    post(4, tenant_id=uuid.uuid4())
    assert drain_once() == Drained(dispatched=1, failed=1)
    load_tenant(TenantRef(uuid.uuid4(), "acme", "t_acme"))
    make_due()
    assert drain_once() == Drained(done=1)
    assert effects() == [4]


def test_a_handler_without_tenant_context_runs_for_tenants_that_are_not_there(load_tenant):
    load_tenant(TenantGone("gone"))
    seen = []
    only(lambda _e, _c: seen.append(current_tenant()), tenant_context=False)
    post(tenant_id=uuid.uuid4())
    assert drain_once().done == 1
    assert seen == [None]
