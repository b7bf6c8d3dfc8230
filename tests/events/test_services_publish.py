import uuid

import pytest
import structlog
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.common.actors import Actor
from apps.common.tenancy import TenantRef, tenant_context
from apps.events import registry
from apps.events.errors import InvalidEvent, NotInTransaction
from apps.events.models import OutboxEvent
from apps.events.services import publish
from tests.events.sample import ACTOR, NotePosted


@pytest.mark.django_db(transaction=True)
def test_publishing_outside_a_transaction_raises_and_stores_nothing():
    with pytest.raises(NotInTransaction):
        publish(NotePosted(uuid.uuid4()), actor=ACTOR)
    assert not OutboxEvent.objects.filter(name="sample.note_posted").exists()


@pytest.mark.django_db(transaction=True)
def test_a_rollback_drops_the_event():
    with transaction.atomic():
        publish(NotePosted(uuid.uuid4()), actor=ACTOR)
        transaction.set_rollback(True)
    assert not OutboxEvent.objects.filter(name="sample.note_posted").exists()


@pytest.mark.django_db
def test_publishing_is_one_insert_of_exact_values(no_roles: None):
    person_id, note_id = uuid.uuid4(), uuid.uuid4()
    tenant = TenantRef(uuid.uuid4(), "acme", "t_acme")
    actor = Actor.staff(person_id, "staff@platform.test")
    with (
        tenant_context(tenant),
        structlog.contextvars.bound_contextvars(request_id="request-1"),
        CaptureQueriesContext(connection) as queries,
    ):
        event_id = publish(NotePosted(note_id, 3), actor=actor)
    inserts = [q["sql"] for q in queries]
    assert len(inserts) == 1
    assert inserts[0].startswith("INSERT")
    row = OutboxEvent.objects.get(id=event_id)
    assert (row.name, row.version, row.scope) == ("sample.note_posted", 1, "system")
    assert (row.tenant_id, row.aggregate_id) == (tenant.id, str(note_id))
    assert (row.actor_kind, row.actor_label) == ("staff", "staff@platform.test")
    assert (row.actor_person_id, row.request_id) == (person_id, "request-1")
    assert row.payload == {"note_id": str(note_id), "n": 3, "due_at": None, "sleep_s": 0}
    assert row.position > 0
    assert row.dispatched_at is None


@pytest.mark.django_db
def test_an_event_of_an_organization_needs_a_tenant():
    registry.event("sample.team_made", version=1, scope="organization", aggregate="note_id")(
        type("TeamMade", (NotePosted,), {})
    )
    made = registry.events()["sample.team_made"](uuid.uuid4())
    with pytest.raises(InvalidEvent, match="needs a tenant"):
        publish(made, actor=ACTOR)
    assert publish(made, actor=ACTOR, tenant_id=uuid.uuid4())
