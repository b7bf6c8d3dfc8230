from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from apps.accounts.models import BrowserSession, Person
from apps.common.actors import Actor
from apps.common.ids import uuid7
from apps.events.models import Handling, OutboxEvent
from apps.tenants.models import Tenant
from tests.conftest import World

PUBLIC = "localhost:8000"


def signed_in(person: Person) -> Client:
    client = Client(HTTP_HOST=PUBLIC)
    client.force_login(person)
    # Tests are about what follows.
    begun = ("accounts.session_started", "accounts.device_first_seen")
    OutboxEvent.objects.filter(name__in=begun).delete()
    return client


def browser_session(person: Person) -> BrowserSession:
    """The person signs in with a browser of their own."""
    signed_in(person)
    return BrowserSession.objects.filter(person=person).latest("id")


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """Asked for by name: pytest-django prepares only databases that it can see tests ask for."""


@pytest.fixture
def anonymous(world: World) -> Client:
    return Client(HTTP_HOST=PUBLIC)


@pytest.fixture
def console(staff: Person) -> Client:
    """Signed in as platform staff."""
    return signed_in(staff)


@pytest.fixture
def outsider(alice: Person) -> Client:
    """Signed in as the owner of a workspace, who is no staff."""
    return signed_in(alice)


@pytest.fixture
def staff_actor(staff: Person) -> Actor:
    return Actor.staff(staff.id, staff.email)


@pytest.fixture
def published(world: World) -> Callable[[], list[tuple[str, str]]]:
    """Names and actors of the events since the test began, in order."""
    last = OutboxEvent.objects.order_by("-position").first()
    start = last.position if last else 0
    return lambda: list(
        OutboxEvent.objects.filter(position__gt=start)
        .order_by("position")
        .values_list("name", "actor_label")
    )


def tenant_rows(count: int, owner: Person, **fields: Any) -> list[Tenant]:
    """Tenants as rows only, without schemas: the console reads no tenant's schema."""
    return Tenant.objects.bulk_create(
        Tenant(
            slug=f"row-{uuid7().hex[-10:]}x",
            name="Row",
            schema_name=f"t_row_{uuid7().hex}",
            owner_person_id=owner.id,
            **{"status": "ready", "ready_at": timezone.now(), **fields},
        )
        for _ in range(count)
    )


def dead_letter(tenant: Tenant | None = None, **fields: Any) -> Handling:
    """An event of which a handler gave up."""
    event = OutboxEvent.objects.create(
        name="tenants.tenant_renamed",
        version=1,
        scope="organization",
        tenant_id=tenant.id if tenant else None,
        aggregate_id=str(tenant.id if tenant else uuid7()),
        actor_kind="system",
        actor_label="system:tests",
        actor_person_id=None,
        payload={"tenant_id": str(tenant.id) if tenant else None, "name": "<Renamed>"},
        dispatched_at=timezone.now(),
    )
    event.refresh_from_db(fields=["position"])
    return Handling.objects.create(
        **{
            "event": event,
            "handler": "tests.give_up",
            "ordering_key": "tests",
            "position": event.position,
            "state": "dead",
            "attempts": 8,
            "next_attempt_at": timezone.now() - timedelta(minutes=1),
            "last_error": "Traceback\nValueError: <broken>",
            **fields,
        }
    )


def messages_of(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]
