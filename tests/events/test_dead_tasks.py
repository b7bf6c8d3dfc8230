"""Tasks for tenants that are not there: they do not run, and somebody can see it."""

import json
import uuid
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from celery import shared_task
from django.core.management import CommandError, call_command
from django.test import Client

from apps.common.actors import Actor, ActorKind
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied, Unavailable
from apps.common.tasks import MAX_WAITS, TenantTask
from apps.common.tenancy import TenantNotRunnable, current_tenant, tenant_context
from apps.events.dead_tasks import dead_task_discard, dead_task_send, dead_tasks_send
from apps.events.models import DeadTask
from apps.tenants.models import Tenant
from tests.console.conftest import console, messages_of  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
STAFF = Actor.staff(uuid.uuid4(), "staff@platform.test")
PERSON = Actor(ActorKind.PERSON, "alice@acme.test", person_id=uuid.uuid4())
NOBODY = "01900000-0000-7000-8000-000000000000"
ran: list[str] = []


@shared_task(base=TenantTask, name="tests.note_tenant")
def note_tenant(*, tenant_id: str, n: int = 0) -> None:
    ref = current_tenant()
    assert ref is not None
    ran.append(ref.slug)


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


@pytest.fixture
def send(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list, dict]]:
    """What was put into the queue."""
    sent: list[tuple[str, list, dict]] = []

    def send_task(name: str, *, args: list, kwargs: dict) -> None:
        sent.append((name, args, kwargs))

    monkeypatch.setattr("celery.current_app.send_task", send_task)
    return sent


def state(tenant: Tenant, **changes: Any) -> Tenant:
    Tenant.objects.filter(id=tenant.id).update(**changes)
    return tenant


@pytest.fixture
def dead(acme: Tenant) -> DeadTask:
    """A task that came while acme was suspended."""
    state(acme, status="suspended")
    with pytest.raises(TenantNotRunnable):
        note_tenant(tenant_id=str(acme.id), n=7)
    return DeadTask.objects.get()


def test_it_runs_in_its_tenant(acme: Tenant, globex: Tenant) -> None:
    with tenant_context(globex):
        note_tenant(tenant_id=str(acme.id))
    assert (ran, DeadTask.objects.count()) == (["acme"], 0)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("suspended", "tenant acme is suspended"),
        ("archived", "tenant acme is archived"),
        ("deleting", "tenant acme is deleting"),
    ],
)
def test_a_closed_tenant(acme: Tenant, status: str, reason: str) -> None:
    state(acme, status=status)
    with pytest.raises(TenantNotRunnable, match=reason):
        note_tenant(tenant_id=str(acme.id), n=3)
    task = DeadTask.objects.get()
    assert (task.task, task.args, task.state) == ("tests.note_tenant", [], "dead")
    assert (task.kwargs, task.reason) == ({"tenant_id": str(acme.id), "n": 3}, reason)
    assert (task.tenant_id, ran) == (acme.id, [])


@pytest.mark.parametrize(
    ("tenant_id", "kept", "reason"),
    [
        (NOBODY, uuid.UUID(NOBODY), f"tenant {NOBODY} does not exist"),
        ("", None, "tests.note_tenant was sent without tenant_id"),
        (None, None, "tests.note_tenant was sent without tenant_id"),
        ("acme'; --", None, 'tests.note_tenant was sent with tenant_id "acme\'; --"'),
    ],
)
def test_a_tenant_that_is_nowhere(
    acme: Tenant, tenant_id: Any, kept: uuid.UUID | None, reason: str
) -> None:
    """Also where the caller's thread is in a tenant: that one is not taken instead."""
    with tenant_context(acme), pytest.raises(TenantNotRunnable):
        note_tenant(tenant_id=tenant_id)
    task = DeadTask.objects.get()
    assert (task.tenant_id, task.reason, ran) == (kept, reason, [])


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """(seconds, waits, retries) of messages that were sent for later; in-process they would run at once."""
    sent: list[tuple[int, int, int]] = []

    def apply_async(
        args: Any, kwargs: Any, *, countdown: int, headers: dict[str, str], retries: int
    ) -> None:
        assert kwargs["n"] == 5
        sent.append((countdown, int(headers["wrapper_waits"]), retries))

    monkeypatch.setattr(note_tenant, "apply_async", apply_async)
    return sent


def as_worker(waits: int, **kwargs: Any) -> None:
    """The task as a worker calls it that gets it after so many waits, in its second retry."""
    note_tenant.push_request(headers={"wrapper_waits": str(waits)}, retries=2)
    try:
        note_tenant(**kwargs)
    finally:
        note_tenant.pop_request()


@pytest.mark.parametrize("status", ["provisioning", "pending", "failed"])
def test_a_tenant_that_is_being_made_is_waited_for(
    acme: Tenant, status: str, later: list[tuple[int, int, int]]
) -> None:
    state(acme, status=status)
    note_tenant(tenant_id=str(acme.id), n=5)
    as_worker(3, tenant_id=str(acme.id), n=5)
    assert (later, DeadTask.objects.count()) == ([(1, 1, 0), (8, 4, 2)], 0)
    with pytest.raises(TenantNotRunnable):
        as_worker(MAX_WAITS, tenant_id=str(acme.id), n=5)
    assert DeadTask.objects.get().reason == f"tenant acme is {status}"
    assert (len(later), ran) == (2, [])


def test_maintenance_is_waited_for_however_long(
    acme: Tenant, later: list[tuple[int, int, int]]
) -> None:
    state(acme, maintenance_since="2026-01-01T00:00Z")
    as_worker(500, tenant_id=str(acme.id), n=5)
    assert (later, DeadTask.objects.count(), ran) == ([(60, 500, 2)], 0, [])


def test_sending_again(dead: DeadTask, acme: Tenant, send: list) -> None:
    dead_task_send(actor=STAFF, dead_task_id=dead.id)
    assert send == [("tests.note_tenant", [], {"tenant_id": str(acme.id), "n": 7})]
    dead.refresh_from_db()
    assert (dead.state, dead.note) == ("sent", "staff@platform.test: sent again")
    with pytest.raises(Conflict):
        dead_task_send(actor=STAFF, dead_task_id=dead.id)
    assert len(send) == 1


def test_sending_all_of_a_tenant(dead: DeadTask, globex: Tenant, send: list) -> None:
    state(globex, status="suspended")
    with pytest.raises(TenantNotRunnable):
        note_tenant(tenant_id=str(globex.id))
    assert dead_tasks_send(actor=STAFF, tenant_id=globex.id) == 1
    assert [kwargs["tenant_id"] for _, _, kwargs in send] == [str(globex.id)]
    assert dead_tasks_send(actor=STAFF) == 1
    assert dead_tasks_send(actor=STAFF) == 0


def test_without_a_broker_it_stays_dead(dead: DeadTask, monkeypatch: pytest.MonkeyPatch) -> None:
    from kombu.exceptions import OperationalError

    def away(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr("celery.current_app.send_task", away)
    with pytest.raises(Unavailable):
        dead_task_send(actor=STAFF, dead_task_id=dead.id)
    dead.refresh_from_db()
    assert dead.state == "dead"


def test_discarding(dead: DeadTask) -> None:
    with pytest.raises(InvalidInput):
        dead_task_discard(actor=STAFF, dead_task_id=dead.id, reason=" ")
    with pytest.raises(NotFound):
        dead_task_discard(actor=STAFF, dead_task_id=uuid.UUID(NOBODY), reason="x")
    dead_task_discard(actor=STAFF, dead_task_id=dead.id, reason="Left us")
    dead.refresh_from_db()
    assert (dead.state, dead.note) == ("discarded", "staff@platform.test: Left us")
    with pytest.raises(Conflict):
        dead_task_discard(actor=STAFF, dead_task_id=dead.id, reason="again")


@pytest.mark.parametrize(
    "act",
    [
        lambda task: dead_task_send(actor=PERSON, dead_task_id=task.id),
        lambda task: dead_tasks_send(actor=PERSON),
        lambda task: dead_task_discard(actor=PERSON, dead_task_id=task.id, reason="x"),
    ],
)
def test_people_may_not(dead: DeadTask, send: list, act: Callable[[DeadTask], object]) -> None:
    with pytest.raises(PermissionDenied):
        act(dead)
    dead.refresh_from_db()
    assert (dead.state, send) == ("dead", [])


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("events", *arguments, stdout=out, skip_checks=True)
    return out.getvalue()


def test_the_command(dead: DeadTask, acme: Tenant, send: list) -> None:
    assert run("tasks") == (
        f"{dead.id}  tests.note_tenant  {dead.created_at:%Y-%m-%d %H:%M:%S}Z  "
        "tenant acme is suspended\n"
    )
    (row,) = json.loads(run("tasks", "--json"))
    assert (row["id"], row["tenant_id"]) == (str(dead.id), str(acme.id))
    assert row["kwargs"] == {"tenant_id": str(acme.id), "n": 7}
    assert run("send", str(dead.id)) == "1 sent again.\n"
    assert (len(send), run("tasks"), run("send", "--all")) == (
        1,
        "No refused tasks.\n",
        "0 sent again.\n",
    )
    with pytest.raises(CommandError, match="sent again or discarded already"):
        run("discard", str(dead.id), "--task", "--reason", "x")


def test_the_console(dead: DeadTask, send: list, console: Client) -> None:  # noqa: F811
    listing = "/console/events/deadtask/"
    html = console.get(listing).content.decode()
    assert "tests.note_tenant" in html
    assert "tenant acme is suspended" in html
    page = console.get(f"{listing}{dead.id}/").content.decode()
    assert "&quot;n&quot;: 7" in page
    response = console.post(f"{listing}{dead.id}/send/")
    assert messages_of(response) == ["tests.note_tenant is in the queue again."]
    assert len(send) == 1
    response = console.post(f"{listing}{dead.id}/discard/", {"reason": "x"})
    dead.refresh_from_db()
    assert dead.state == "sent"
