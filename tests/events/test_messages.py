"""What is in the streams, and in which of them."""

import json
import uuid
from datetime import datetime

import pytest

from apps.common.actors import Actor
from apps.events import registry
from apps.events.drain import drain_once
from apps.events.messages import PARTITIONS, parse, partition_of
from apps.events.models import OutboxEvent
from apps.events.registry import subscribe
from apps.events.services import publish
from apps.events.streams import all_partitions, connect, stream
from tests.events.sample import NotePosted, post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("effects_table")]
AWKWARD = 'Zoë "\\ \u2028 </script> \U0001f600'
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def entry() -> tuple[bytes, bytes]:
    """The type and envelope of the only one there is."""
    client = connect()
    [[(_id, fields)]] = [
        found for number in all_partitions() if (found := client.xrange(stream(number)))
    ]
    return fields[b"type"], fields[b"event"]


def test_an_entry_is_a_cloudevent_with_all_that_was_published():
    event_id = post(7)
    OutboxEvent.objects.update(
        actor_label=AWKWARD, aggregate_id=AWKWARD, request_id="r-1", traceparent=TRACE
    )
    drain_once()
    name, envelope = entry()
    row = OutboxEvent.objects.get(id=event_id)
    assert name == b"sample.note_posted"
    value = json.loads(envelope)
    # PostgreSQL leaves zeros at the end out.
    for name, expected in (("time", row.created_at), ("dispatched", row.dispatched_at)):
        assert datetime.fromisoformat(value.pop(name)) == expected
    assert value == {
        "specversion": "1.0",
        "id": str(event_id),
        "type": "sample.note_posted",
        "source": "/platform",
        "subject": AWKWARD,
        "datacontenttype": "application/json",
        "dataversion": 1,
        "partition": row.partition,
        "sequence": row.position,
        "tenantid": None,
        "actorkind": "system",
        "actor": AWKWARD,
        "actorperson": None,
        "requestid": "r-1",
        "traceparent": TRACE,
        "address": "",
        "agent": "",
        "data": row.payload,
    }
    message = parse(envelope)
    assert (message.id, message.payload, message.created_at) == (
        event_id,
        row.payload,
        row.created_at,
    )


def test_the_source_is_the_tenant_and_the_actor_a_person(no_roles):
    tenant_id, person_id = uuid.uuid4(), uuid.uuid4()
    registry._subscriptions.clear()
    subscribe("sample.note_posted", name="sample.look", tenant_context=False)(lambda *_: None)
    staff = Actor.staff(person_id, "sam@platform.test")
    publish(NotePosted(uuid.uuid4()), actor=staff, tenant_id=tenant_id)
    drain_once()
    value = json.loads(entry()[1])
    assert value["source"] == f"/tenants/{tenant_id}"
    assert (value["tenantid"], value["actorperson"]) == (str(tenant_id), str(person_id))


def test_an_aggregate_stays_in_its_partition_and_aggregates_are_spread():
    tenant_id = uuid.UUID(int=7)
    # A new release must not change them: the order of what is under way would be lost.
    assert partition_of(tenant_id, "a") == 0
    assert partition_of(None, "a") == 12
    used = {partition_of(tenant_id, str(n)) for n in range(500)}
    assert used == set(range(PARTITIONS))
