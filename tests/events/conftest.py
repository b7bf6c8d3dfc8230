from collections.abc import Iterator

import pytest
from django.db import connection

from apps.accounts.events import DeviceFirstSeen, SessionStarted
from apps.common.tenancy import TenantRef
from apps.events import registry, streams
from apps.events.events import (
    GroupReplayed,
    HandlingDiscarded,
    HandlingReplayed,
    HandlingsReplayed,
)
from apps.events.registry import event
from tests.events import sample


@pytest.fixture(autouse=True)
def only_the_sample() -> Iterator[None]:
    """The registry holds the sample alone; what the apps declare is back afterwards."""
    with registry.isolated():
        registry._events.clear()
        registry._fields.clear()
        registry._subscriptions.clear()
        registry._upcasters.clear()
        sample.declare()
        # A test that opens the console signs in.
        for begun in (SessionStarted, DeviceFirstSeen):
            event(begun.event_name, version=1, scope="user", aggregate="person_id")(begun)
        for done in (HandlingReplayed, HandlingsReplayed, HandlingDiscarded):
            event(done.event_name, version=1, scope="system", aggregate="handler")(done)
        event(GroupReplayed.event_name, version=1, scope="system", aggregate="group")(GroupReplayed)
        yield


@pytest.fixture(autouse=True)
def empty_streams() -> Iterator[None]:
    """Nothing of the tests before; an event of theirs is in no table any more."""
    client = streams.connect()
    if keys := client.keys("events:*"):
        client.delete(*keys)
    yield
    client.close()


@pytest.fixture
def effects_table(db: None) -> Iterator[None]:
    """Where the sample's handler leaves its effects; committed in tests that commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE sample_effects (id bigint GENERATED ALWAYS AS IDENTITY, "
            "event_id uuid NOT NULL, note_id uuid NOT NULL, n int NOT NULL)"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE sample_effects")


@pytest.fixture
def no_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tenants that are made up: they have no database role to take."""
    monkeypatch.setattr(TenantRef, "role_name", "none")
