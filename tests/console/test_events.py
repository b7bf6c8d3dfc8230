from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.events.models import Handling, OutboxEvent
from apps.tenants.models import Tenant
from tests.console.conftest import dead_letter, messages_of

EVENTS = "/console/events/outboxevent/"
HANDLINGS = "/console/events/handling/"


@pytest.fixture(autouse=True)
def _own_events(world: object) -> None:
    """Only the events of the test."""
    OutboxEvent.objects.all().delete()


def listed(client: Client, path: str) -> list[str]:
    return sorted(str(row.pk) for row in client.get(path).context["cl"].result_list)


def test_filters_of_the_outbox(console: Client, acme: Tenant) -> None:
    dead = dead_letter(acme).event
    pending = dead_letter(None, state="pending").event
    done = dead_letter(None, state="done", done_at=timezone.now()).event
    waiting = dead_letter(None).event
    Handling.objects.filter(event=waiting).delete()
    OutboxEvent.objects.filter(id=waiting.id).update(dispatched_at=None, scope="system")
    for state, event in {
        "dead": dead,
        "pending": pending,
        "settled": done,
        "waiting": waiting,
    }.items():
        assert listed(console, f"{EVENTS}?state={state}") == [str(event.id)], state
    assert listed(console, f"{EVENTS}?scope__exact=system") == [str(waiting.id)]
    assert listed(console, f"{EVENTS}?tenant_id={acme.pk}") == [str(dead.id)]
    assert listed(console, f"{EVENTS}?q=acme") == [str(dead.id)]
    assert len(listed(console, f"{EVENTS}?name=tenants.tenant_renamed")) == 4
    assert listed(console, f"{EVENTS}?name=accounts.person_registered") == []


def test_lists_take_as_many_statements_for_more(console: Client, acme: Tenant) -> None:
    for path in (EVENTS, HANDLINGS):
        dead_letter(acme)
        with CaptureQueriesContext(connection) as few:
            console.get(path)
        for _ in range(5):
            dead_letter(acme)
        with CaptureQueriesContext(connection) as more:
            console.get(path)
        assert len(few) == len(more) <= 7, path


def test_an_event_outlives_its_tenant(console: Client, acme: Tenant) -> None:
    handling = dead_letter(acme)
    OutboxEvent.objects.filter(id=handling.event_id).update(
        tenant_id="01900000-0000-7000-8000-000000000000"
    )
    html = console.get(f"{EVENTS}{handling.event_id}/").content.decode()
    assert "01900000-0000-7000-8000-000000000000" in html
    assert console.get(EVENTS).status_code == console.get(HANDLINGS).status_code == 200


def test_replay(console: Client, acme: Tenant) -> None:
    handling = dead_letter(acme)
    assert "Replay" in console.get(f"{HANDLINGS}{handling.pk}/").content.decode()
    response = console.post(f"{HANDLINGS}{handling.pk}/replay/")
    assert response["Location"] == f"{HANDLINGS}{handling.pk}/"
    handling.refresh_from_db()
    assert (handling.state, handling.attempts) == ("pending", 0)


def test_discard_needs_a_reason(console: Client, acme: Tenant) -> None:
    handling = dead_letter(acme)
    response = console.post(f"{HANDLINGS}{handling.pk}/discard/", {"reason": " "})
    assert "reason" in response.context["form"].errors
    handling.refresh_from_db()
    assert handling.state == "dead"
    console.post(f"{HANDLINGS}{handling.pk}/discard/", {"reason": "Sent by hand"})
    handling.refresh_from_db()
    assert (handling.state, handling.note) == ("discarded", "staff@platform.test: Sent by hand")


@pytest.mark.parametrize("state", ["pending", "done", "discarded"])
@pytest.mark.parametrize("act", ["replay", "discard"])
def test_only_dead_letters_have_acts(console: Client, state: str, act: str) -> None:
    handling = dead_letter(None, state=state)
    response = console.post(f"{HANDLINGS}{handling.pk}/{act}/", {"reason": "x"})
    assert "is not possible" in messages_of(response)[0]
    handling.refresh_from_db()
    assert (handling.state, handling.attempts) == (state, 8)


@pytest.mark.parametrize(("act", "after"), [("replay", "pending"), ("discard", "discarded")])
def test_a_selection(console: Client, act: str, after: str) -> None:
    dead, done = [dead_letter(), dead_letter()], dead_letter(None, state="done")
    ids = [str(handling.pk) for handling in (*dead, done)]
    page = console.post(HANDLINGS, {"action": act, "_selected_action": ids, "index": "0"})
    assert len(page.context["bulk"]["ids"]) == 2
    response = console.post(
        HANDLINGS, {"action": act, "_selected_action": ids, "confirmed": "yes", "reason": "Old"}
    )
    assert messages_of(response)[0].endswith("done for 2 handlings.")
    states = Handling.objects.filter(pk__in=ids).values_list("state", flat=True)
    assert sorted(states) == sorted([after, after, "done"])


def test_others_change_nothing(outsider: Client, acme: Tenant) -> None:
    handling = dead_letter(acme)
    before: Callable[[], object] = lambda: list(Handling.objects.values())  # noqa: E731
    found = before()
    for act in ("replay", "discard"):
        assert outsider.post(f"{HANDLINGS}{handling.pk}/{act}/", {"reason": "x"}).status_code == 404
    assert before() == found
