"""The list of event types, and payloads of older versions."""

import json
import uuid
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from jsonschema import Draft202012Validator

from apps.events import catalogue, checks, registry
from apps.events.drain import drain_once
from apps.events.errors import InvalidEvent, UnknownEvent
from apps.events.models import Handling, OutboxEvent
from apps.events.registry import Event, deserialize, event, subscribe, upcast
from apps.events.selectors import events_stats
from tests.events.sample import NotePosted

SAMPLE = "sample.note_posted"


class Shared(Event):
    """A note was
    shared."""

    note_id: uuid.UUID
    with_email: str
    by: str | None = None


@pytest.fixture
def shared() -> type[Event]:
    """Version 3 of an event whose versions 1 and 2 called things differently."""
    upcast("sample.note_shared", from_version=1)(lambda old: {**old, "email": old["mail"]})
    upcast("sample.note_shared", from_version=2)(_named)
    return event("sample.note_shared", version=3, scope="system", aggregate="note_id")(Shared)


def _named(old: dict[str, Any]) -> dict[str, Any]:
    return {"note_id": old["note_id"], "with_email": old["email"]}


def test_a_schema_accepts_what_is_published_and_no_more() -> None:
    found = catalogue.event_type(SAMPLE)
    assert found is not None
    validator = Draft202012Validator(found.schema)
    payload = registry.serialize(NotePosted(uuid.uuid4(), 7, None))
    assert list(validator.iter_errors(payload)) == []
    assert found.schema["required"] == ["note_id"]
    assert found.schema["properties"]["due_at"] == {
        "type": ["string", "null"],
        "format": "date-time",
    }
    for wrong in ({"n": 7}, {**payload, "n": "7"}, {**payload, "n": None}, {**payload, "x": 1}):
        assert list(validator.iter_errors(wrong))


def test_command() -> None:
    out = StringIO()
    call_command("events", "types", "--json", stdout=out)
    assert {one["name"] for one in json.loads(out.getvalue())} == set(registry.events())
    out = StringIO()
    call_command("events", "types", stdout=out)
    assert f"{SAMPLE}  v1  system  note_id, n, due_at, sleep_s" in out.getvalue()


def test_older_payloads_become_the_newest(shared: type[Event]) -> None:
    note_id = uuid.uuid4()
    expected = shared(note_id, "a@b.test")  # type: ignore[call-arg]
    for version, payload in (
        (1, {"note_id": str(note_id), "mail": "a@b.test"}),
        (2, {"note_id": str(note_id), "email": "a@b.test"}),
        (3, {"note_id": str(note_id), "with_email": "a@b.test", "by": None}),
    ):
        assert deserialize("sample.note_shared", version, payload) == expected
    with pytest.raises(UnknownEvent, match="version 4"):
        deserialize("sample.note_shared", 4, {})
    assert checks.check_versions() == []


def test_a_version_without_a_way_to_the_next_is_found() -> None:
    event("sample.note_shared", version=3, scope="system", aggregate="note_id")(Shared)
    upcast("sample.note_shared", from_version=2)(_named)
    upcast("sample.note_shared", from_version=3)(_named)
    upcast("sample.note_gone", from_version=1)(_named)
    assert [error.id for error in checks.check_versions()] == [
        "events.E002",
        "events.E003",
        "events.E003",
    ]
    with pytest.raises(UnknownEvent, match="nothing makes"):
        deserialize("sample.note_shared", 1, {})
    with pytest.raises(InvalidEvent, match="two upcasters"):
        upcast("sample.note_shared", from_version=2)(lambda old: old)


@pytest.mark.django_db
def test_a_newer_version_waits_for_a_release_that_knows_it(shared: type[Event]) -> None:
    seen: list[Event] = []
    subscribe("sample.note_shared", name="sample.see_note")(lambda found, _c: seen.append(found))
    note_id = uuid.uuid4()
    before = events_stats()["undispatched_unknown"]
    for version, payload in ((1, {"note_id": str(note_id), "mail": "a@b.test"}), (4, {"x": 1})):
        OutboxEvent.objects.create(
            name="sample.note_shared",
            version=version,
            scope="system",
            aggregate_id=str(note_id),
            actor_kind="system",
            actor_label="system:test",
            payload=payload,
        )
    assert events_stats()["undispatched_unknown"] == before + 1
    drain_once()
    assert seen == [shared(note_id, "a@b.test")]  # type: ignore[call-arg]
    waiting = OutboxEvent.objects.filter(name="sample.note_shared", dispatched_at=None)
    assert [row.version for row in waiting] == [4]
    assert not Handling.objects.filter(event__in=waiting).exists()
