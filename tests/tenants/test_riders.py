"""Statements that travel with the next one: BEGIN, and the rows of events."""

import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.transaction import TransactionManagementError

from apps.accounts.events import PersonUpdated
from apps.common.actors import Actor
from apps.common.database import app_connection, execute_with_next, system_connection
from apps.common.tenancy import tenant_context
from apps.events.models import OutboxEvent
from apps.events.services import publish
from apps.organizations.models import Organization
from tests.conftest import World
from tests.tenants.test_connections import by_transaction, round_trips  # noqa: F401  (a fixture)

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor.system("tests")


def tell(person_id: uuid.UUID) -> None:
    """Publishes in the tenant of the moment."""
    publish(PersonUpdated(person_id), actor=ACTOR)


def told(person_id: uuid.UUID) -> int:
    with tenant_context(None), system_connection():
        return OutboxEvent.objects.filter(aggregate_id=str(person_id)).count()


def rename(world: World, name: str) -> None:
    Organization.objects.filter(depth=1).update(name=name)


def test_begin_and_an_event_cost_no_round_trip(world: World) -> None:
    person_id = uuid.uuid4()

    def write() -> None:
        with tenant_context(world.acme), transaction.atomic():
            rename(world, "100%")
            tell(person_id)

    with app_connection():
        write()
        sent = round_trips(write)
    assert len(sent) == 2
    assert sent[0].startswith("BEGIN;\nUPDATE")
    assert sent[1].startswith("INSERT INTO events_outboxevent")
    assert sent[1].endswith("COMMIT")
    assert told(person_id) == 2


def test_a_block_without_statements_sends_nothing(world: World) -> None:
    def nothing() -> None:
        with transaction.atomic(), transaction.atomic(savepoint=False):
            pass

    assert round_trips(nothing) == []


def test_a_percent_sign_in_an_event_is_no_placeholder(world: World) -> None:
    text = f"100%s %(x)s {uuid.uuid4()}"
    with tenant_context(None), system_connection(), transaction.atomic():
        list(OutboxEvent.objects.all()[:1])
        execute_with_next("SELECT set_config('app.sample', %s, true)", [text])
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.sample'), %s", ["a"])
            assert cursor.fetchone() == (text, "a")


def test_what_is_published_in_one_tenant_is_stored_there_though_another_comes_next(
    world: World,
) -> None:
    person_id = uuid.uuid4()
    with app_connection(), transaction.atomic():
        with tenant_context(world.acme):
            rename(world, "Acme")
            tell(person_id)
        with tenant_context(world.globex):
            rename(world, "Globex")
    with system_connection():
        [row] = OutboxEvent.objects.filter(aggregate_id=str(person_id))
        assert row.tenant_id == world.acme.id


@pytest.mark.parametrize("is_read_in_between", [True, False])
def test_what_is_rolled_back_to_a_savepoint_is_not_published(
    world: World, is_read_in_between: bool
) -> None:
    kept, dropped = uuid.uuid4(), uuid.uuid4()
    with app_connection(), tenant_context(world.acme), transaction.atomic():
        rename(world, "Acme")
        tell(kept)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            tell(dropped)
            if is_read_in_between:
                Organization.objects.count()
            raise ZeroDivisionError
    assert (told(kept), told(dropped)) == (1, 0)


def test_what_is_rolled_back_is_not_published(world: World) -> None:
    person_id = uuid.uuid4()
    with app_connection(), tenant_context(world.acme):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            rename(world, "Acme")
            tell(person_id)
            raise ZeroDivisionError
        with transaction.atomic():
            rename(world, "Acme")
    assert told(person_id) == 0


def test_a_statement_that_cannot_be_parsed_takes_no_begin_away(world: World) -> None:
    """The server then has no transaction open; what follows must not be kept at once."""
    with app_connection(), tenant_context(world.acme):
        Organization.objects.count()
        with transaction.atomic():
            with pytest.raises(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELEC 1")
            with pytest.raises(TransactionManagementError):
                rename(world, "Kept at once")
        assert not Organization.objects.filter(name="Kept at once").exists()


def test_a_parameter_that_cannot_be_sent_leaves_everything_as_it_was(world: World) -> None:
    person_id = uuid.uuid4()
    with app_connection(), tenant_context(world.acme):
        Organization.objects.count()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            with pytest.raises(Exception, match="adapt"), connection.cursor() as cursor:
                cursor.execute("SELECT %s", [object()])
            rename(world, "Rolled back")
            tell(person_id)
            with pytest.raises(Exception, match="adapt"), connection.cursor() as cursor:
                cursor.execute("SELECT %s", [object()])
            Organization.objects.count()
            assert told_here(person_id) == 1
            raise ZeroDivisionError
        assert not Organization.objects.filter(name="Rolled back").exists()
    assert told(person_id) == 0


def told_here(person_id: uuid.UUID) -> int:
    return OutboxEvent.objects.filter(aggregate_id=str(person_id)).count()


def test_an_event_that_the_database_refuses_fails_what_carries_it(world: World) -> None:
    with app_connection(), tenant_context(world.acme):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            rename(world, "Refused")
            publish(PersonUpdated(uuid.uuid4()), actor=ACTOR, tenant_id=world.globex.id)
        assert not Organization.objects.filter(name="Refused").exists()


def test_named_cursors_and_many_at_once_come_after_what_waits(world: World) -> None:
    people = [uuid.uuid4() for _ in range(3)]
    with app_connection(), tenant_context(world.acme), transaction.atomic():
        Organization.objects.count()
        tell(people[0])
        assert told_by_a_named_cursor(people[0]) == 1
        tell(people[1])
        with connection.cursor() as cursor:
            cursor.executemany("SELECT %s", [(1,), (2,)])
        tell(people[2])
    assert [told(person_id) for person_id in people] == [1, 1, 1]


def told_by_a_named_cursor(person_id: uuid.UUID) -> int:
    return len(list(OutboxEvent.objects.filter(aggregate_id=str(person_id)).iterator()))


@pytest.mark.usefixtures("by_transaction")
def test_by_transaction_it_is_the_same(world: World) -> None:
    person_id = uuid.uuid4()

    def write() -> None:
        with tenant_context(world.acme), transaction.atomic():
            rename(world, "Acme")
            tell(person_id)

    with app_connection():
        sent = round_trips(write)
    assert len(sent) == 2
    assert told(person_id) == 1
