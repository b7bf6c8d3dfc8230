import uuid
from datetime import UTC, datetime

import pytest

from apps.events import checks, registry
from apps.events.errors import InvalidEvent, UnknownEvent
from apps.events.registry import Event, deserialize, event, serialize, subscribe
from tests.events.sample import NotePosted

GOOD = {"version": 1, "scope": "system", "aggregate": "thing_id"}


def make(name="sample.thing_made", annotation=uuid.UUID, **options):
    cls = type("ThingMade", (Event,), {"__annotations__": {"thing_id": annotation}})
    return event(name, **{**GOOD, **options})(cls)


@pytest.mark.parametrize(
    "name", ["thing_made", "sample.thing_make", "Sample.thing_made", "a.b.made", "sample.made;", ""]
)
def test_a_name_that_is_not_app_entity_past_is_refused(name):
    with pytest.raises(InvalidEvent, match=r"form app\.entity_past"):
        make(name)


@pytest.mark.parametrize(
    "name", ["sample.thing_made", "credits.held", "sample.thing_status_changed"]
)
def test_a_name_with_a_past_participle_is_taken(name):
    assert make(name).event_name == name


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"scope": "galaxy"}, "scope 'galaxy'"),
        ({"aggregate": "other"}, "aggregate 'other'"),
        ({"version": 0}, "start at 1"),
        ({"annotation": uuid.UUID | None}, "aggregate 'thing_id'"),
        ({"annotation": list[str]}, "cannot be of type"),
        ({"annotation": str | int}, "cannot be of type"),
        ({"annotation": float}, "cannot be of type"),
    ],
)
def test_a_declaration_that_breaks_a_rule_is_refused(options, says):
    with pytest.raises(InvalidEvent, match=says):
        make(**options)
    assert [name for name in registry.events() if name.startswith("sample.")] == [
        "sample.note_posted"
    ]


def test_two_types_cannot_share_a_name():
    class Other(Event):
        thing_id: uuid.UUID

    make()
    with pytest.raises(InvalidEvent, match="declared twice"):
        event("sample.thing_made", **GOOD)(Other)


def test_an_app_declares_events_of_its_own_only():
    cls = type(
        "A", (Event,), {"__annotations__": {"thing_id": str}, "__module__": "apps.roles.events"}
    )
    with pytest.raises(InvalidEvent, match="of its own app"):
        event("sample.thing_made", **GOOD)(cls)


def test_payloads_come_back_with_the_declared_types():
    posted = NotePosted(uuid.uuid4(), 7, datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
    payload = serialize(posted)
    assert payload == {
        "note_id": str(posted.note_id),
        "n": 7,
        "due_at": "2026-01-02T03:04:05.000006+00:00",
        "sleep_s": 0,
    }
    assert deserialize("sample.note_posted", 1, payload) == posted


@pytest.mark.parametrize(
    "fields",
    [{"n": "7"}, {"n": True}, {"n": None}, {"due_at": datetime(2026, 1, 2)}, {"note_id": "x"}],  # noqa: DTZ001
)
def test_a_value_of_another_type_is_refused(fields):
    with pytest.raises(InvalidEvent):
        serialize(NotePosted(**{"note_id": uuid.uuid4(), **fields}))


@pytest.mark.parametrize(("name", "version"), [("sample.gone", 1), ("sample.note_posted", 2)])
def test_what_this_release_does_not_declare_is_unknown(name, version):
    with pytest.raises(UnknownEvent):
        deserialize(name, version, {"note_id": str(uuid.uuid4())})


def test_handlers_have_names_of_their_own():
    with pytest.raises(InvalidEvent, match="two handlers"):
        subscribe("sample.note_posted", name="sample.record_note")(lambda _e, _c: None)
    with pytest.raises(InvalidEvent, match=r"app\.verb_noun"):
        subscribe("sample.note_posted", name="record")(lambda _e, _c: None)


def test_check_finds_a_subscription_to_nothing():
    assert checks.check_subscriptions() == []
    subscribe("sample.note_lost", name="sample.mourn")(lambda _e, _c: None)
    [error] = checks.check_subscriptions()
    assert error.id == "events.E001"
    assert "sample.mourn" in error.msg
