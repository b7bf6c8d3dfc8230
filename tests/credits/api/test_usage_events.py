"""`credits/usage-events/`: an answer for each event."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from apps.common.tenancy import tenant_context
from apps.credits.models import UsageEvent
from apps.credits.permissions import SPEND_CREDITS, VIEW_CREDITS
from apps.organizations.actors import actor_for
from tests.api.client import statements
from tests.conftest import World
from tests.credits.support import SUMMARIZE, balance, grant
from tests.roles.support import by_key, make_key

pytestmark = pytest.mark.django_db
URL = "credits/usage-events/"


@pytest.fixture(autouse=True)
def _granted(world: World) -> None:
    with tenant_context(world.acme):
        grant(1_000_000)


def event(id_: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "operation": SUMMARIZE,
        "quantity": 2,
        "occurred_at": timezone.now().isoformat(),
        **fields,
    }


def spent(world: World) -> int:
    with tenant_context(world.acme):
        return 1_000_000 - balance()


def test_each_event_has_an_answer(world: World) -> None:
    with tenant_context(world.acme):
        client = by_key(make_key(actor_for(world.alice), codes=[SPEND_CREDITS]).text)
    one = event("1")
    response = client.post(URL, {"events": [one, event("2", quantity=1.5), event("3"), one, 7]})
    assert response.status_code == 200
    wrong = {"status": "invalid", "amount_microcredits": None, "code": "invalid"}
    taken = {
        "status": "accepted",
        "amount_microcredits": 20,
        "code": "",
        "detail": "",
        "attr": None,
    }
    assert response.json() == {
        "amount_microcredits": 40,
        "counts": {"accepted": 2, "duplicate": 1, "conflict": 0, "invalid": 2, "insufficient": 0},
        "results": [
            {"id": "1", **taken},
            {"id": "2", **wrong, "detail": "Give a whole number.", "attr": "quantity"},
            {"id": "3", **taken},
            {"id": "1", **taken, "status": "duplicate", "amount_microcredits": None},
            {"id": None, **wrong, "detail": "An event is an object.", "attr": None},
        ],
    }
    assert spent(world) == 40


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"events": []},
        {"events": {}},
        {"events": "1"},
        [],
        {"events": [{}] * 1001},
        b'{"events": [{"id": "a\\u0000"}]}',
        b"[" * 100,
    ],
)
def test_a_body_that_is_wrong_does_nothing(api: Any, world: World, body: Any) -> None:
    assert api(world.alice).post(URL, body).status_code == 400
    assert spent(world) == 0


def test_who_may_not_spend_sends_nothing(api: Any, world: World) -> None:
    body = {"events": [event("1")]}
    with tenant_context(world.acme):
        key = make_key(actor_for(world.alice), codes=[VIEW_CREDITS]).text
    assert by_key(key).post(URL, body).status_code == 403
    assert api(world.charlie).post(URL, body).status_code == 404
    assert api(None).post(URL, body).status_code == 401
    with tenant_context(world.acme):
        assert not UsageEvent.objects.exists()
    assert spent(world) == 0


def test_a_call_costs_few_statements(api: Any, world: World) -> None:
    client = api(world.alice)
    client.post(URL, {"events": [event("0")]})
    # The session, the person, the actor; the transaction's two, her organization, the ids, one place.
    with statements(at_most=9):
        client.post(URL, {"events": [event(uuid.uuid4().hex) for _ in range(100)]})
    assert spent(world) == 2_020
