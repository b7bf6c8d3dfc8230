"""A workspace that is closed for a while: what people, clients, handlers and staff get."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.events.drain import drain_once
from apps.events.models import Handling, OutboxEvent
from apps.tenants.models import Tenant
from apps.tenants.services import maintenance_end, maintenance_start, tenant_rename
from tests.api.client import Api, bearer  # noqa: F401 - a fixture
from tests.conftest import World
from tests.console.conftest import console, messages_of  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
STAFF = Actor.staff(uuid.uuid4(), "staff@platform.test")
SYSTEM = Actor.system("tests")


@pytest.fixture
def closed(acme: Tenant) -> Tenant:
    return maintenance_start(
        actor=STAFF, tenant_id=acme.id, message="Moving to  a faster server.", minutes=20
    )


def test_beginning_and_ending(acme: Tenant) -> None:
    began = maintenance_start(actor=STAFF, tenant_id=acme.id, message=" Moving ", minutes=5)
    assert began.maintenance_message == "Moving"
    assert began.maintenance_until - began.maintenance_since == timedelta(minutes=5)
    again = maintenance_start(actor=STAFF, tenant_id=acme.id)
    assert (again.maintenance_since, again.maintenance_until) == (began.maintenance_since, None)
    ended = maintenance_end(actor=STAFF, tenant_id=acme.id)
    assert (ended.maintenance_since, ended.maintenance_message) == (None, "")
    assert [(e.action, e.actor, e.reason) for e in acme.history.all()[:3]] == [
        ("maintenance_ended", "staff@platform.test", ""),
        ("maintenance_started", "staff@platform.test", ""),
        ("maintenance_started", "staff@platform.test", "Moving"),
    ]
    assert list(
        OutboxEvent.objects.filter(name__startswith="tenants.maintenance")
        .order_by("position")
        .values_list("name", "payload__message")
    ) == [
        ("tenants.maintenance_started", "Moving"),
        ("tenants.maintenance_started", ""),
        ("tenants.maintenance_ended", None),
    ]


def test_what_is_refused(acme: Tenant, owner: Actor) -> None:
    with pytest.raises(PermissionDenied):
        maintenance_start(actor=owner, tenant_id=acme.id)
    with pytest.raises(PermissionDenied):
        maintenance_end(actor=owner, tenant_id=acme.id)
    with pytest.raises(NotFound):
        maintenance_start(actor=STAFF, tenant_id=uuid.uuid4())
    for wrong in ({"minutes": 0}, {"minutes": 10_081}, {"message": "x" * 301}, {"message": "\x07"}):
        with pytest.raises(InvalidInput):
            maintenance_start(actor=STAFF, tenant_id=acme.id, **wrong)
    with pytest.raises(Conflict):
        maintenance_end(actor=STAFF, tenant_id=acme.id)
    Tenant.objects.filter(id=acme.id).update(status="suspended")
    with pytest.raises(Conflict):
        maintenance_start(actor=STAFF, tenant_id=acme.id)
    acme.refresh_from_db()
    assert (acme.maintenance_since, acme.history.count()) == (None, 3)


def test_people_get_a_page_that_says_so(closed: Tenant, browser: Callable[..., Client]) -> None:
    for path in ("/", "/members/", "/sign-in/", "/nowhere/"):
        response = browser(closed).get(path)
        assert response.status_code == 503, path
        assert 1100 < int(response["Retry-After"]) <= 1200
        assert response["Cache-Control"] == "no-store"
        html = response.content.decode()
        assert "This workspace is in maintenance" in html
        assert "Moving to a faster server." in html
        assert 'http-equiv="refresh" content="30"' in html
        assert "Expected to open again" in html


def test_it_asks_for_half_a_minute_where_nobody_knows(
    acme: Tenant, browser: Callable[..., Client]
) -> None:
    Tenant.objects.filter(id=acme.id).update(maintenance_since=timezone.now())
    assert browser(acme).get("/")["Retry-After"] == "30"
    past = timezone.now() - timedelta(minutes=1)
    Tenant.objects.filter(id=acme.id).update(maintenance_until=past)
    overdue = browser(acme).get("/")
    assert overdue["Retry-After"] == "30"
    assert "Expected to open again" not in overdue.content.decode()
    far = timezone.now() + timedelta(days=2)
    Tenant.objects.filter(id=acme.id).update(maintenance_until=far)
    assert browser(acme).get("/")["Retry-After"] == "3600"


def test_other_workspaces_are_open(closed: Tenant, globex: Tenant, browser: Callable) -> None:
    assert browser(globex).get("/").status_code == 302
    assert browser(None).get("/").status_code == 200


def test_clients_get_a_problem_and_outsiders_what_they_always_get(
    closed: Tenant,
    world: World,
    bearer: Callable[..., Api],  # noqa: F811
) -> None:
    for where in ({"tenant": closed}, {"tenant": None, "X-Tenant": "acme"}, {"bound": closed}):
        answer = bearer(world.bob, **where).get("/api/v1/members/")
        assert (answer.status_code, answer.json()["code"]) == (503, "tenant_maintenance"), where
        assert answer.json()["detail"] == "Moving to a faster server."
        assert 1100 < int(answer["Retry-After"]) <= 1200
    for where in ({"tenant": None, "X-Tenant": "acme"}, {"tenant": None, "X-Tenant": "missing"}):
        assert bearer(world.charlie, **where).get("/api/v1/members/").status_code == 404


def test_handlers_wait_without_counting_attempts(closed: Tenant, world: World) -> None:
    OutboxEvent.objects.all().delete()
    tenant_rename(actor=SYSTEM, tenant_id=closed.id, name="Acme Two")
    drained = drain_once()
    handling = Handling.objects.get(handler="organizations.rename_root")
    assert (handling.state, handling.attempts, drained.dead) == ("pending", 0, 0)
    maintenance_end(actor=STAFF, tenant_id=closed.id)
    Handling.objects.update(next_attempt_at=timezone.now())
    drain_once()
    handling.refresh_from_db()
    assert (handling.state, handling.attempts) == ("done", 1)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("tenants", *arguments, stdout=out, skip_checks=True)
    return out.getvalue()


def test_the_command(acme: Tenant) -> None:
    facts = json.loads(
        run("maintenance", "acme", "on", "--message", "Soon", "--minutes", "9", "--json")
    )
    assert facts["maintenance_since"] < facts["maintenance_until"]
    acme.refresh_from_db()
    assert acme.maintenance_message == "Soon"
    assert json.loads(run("maintenance", "acme", "off", "--json"))["maintenance_since"] is None
    with pytest.raises(CommandError, match="not in maintenance"):
        run("maintenance", "acme", "off")
    with pytest.raises(CommandError, match="There is no tenant nobody"):
        run("maintenance", "nobody", "on")


def test_the_console(acme: Tenant, console: Client) -> None:  # noqa: F811
    page = f"/console/tenants/tenant/{acme.pk}/"
    response = console.post(f"{page}maintenance/", {"message": "Soon", "minutes": "9"})
    assert messages_of(response) == ["acme is in maintenance."]
    html = console.get(page).content.decode()
    assert "Maintenance" in html
    assert "Soon" in html
    assert "End maintenance" in html
    bad = console.post(f"{page}maintenance/", {"minutes": "0"})
    assert messages_of(bad) == [
        "“Begin maintenance” is not possible in the state that acme is in now."
    ]
    console.post(f"{page}open/")
    acme.refresh_from_db()
    assert acme.maintenance_since is None
