"""`credits/debits/`, `credits/holds/`: what is answered, once by key, and to whom."""

import uuid
from typing import Any

import pytest

from apps.common.tenancy import tenant_context
from apps.credits.models import Hold, Transaction
from apps.credits.permissions import SPEND_CREDITS
from apps.credits.services import account_freeze
from apps.organizations.actors import actor_for
from apps.organizations.models import Member
from tests.api.client import statements
from tests.conftest import World
from tests.credits.api.support import give_role, once
from tests.credits.support import SUMMARIZE, SYSTEM, TRANSLATE, balance, grant
from tests.roles.support import by_key, make_key

pytestmark = pytest.mark.django_db
DEBITS, HOLDS = "credits/debits/", "credits/holds/"
TEN = {"operation": SUMMARIZE, "amount_microcredits": 10}


@pytest.fixture(autouse=True)
def _granted(world: World) -> None:
    for tenant in (world.acme, world.globex):
        with tenant_context(tenant):
            grant(1_000_000)


def spent_in(tenant: Any) -> int:
    with tenant_context(tenant):
        return 1_000_000 - balance()


def test_a_member_spends_at_their_organization(api: Any, world: World) -> None:
    client = api(world.bob)
    response = once(client, DEBITS, {"operation": TRANSLATE, "quantity": 100}, "k-1")
    assert response.status_code == 201
    body = response.json()
    assert body == {
        "id": body["id"],
        "amount_microcredits": 200_000,
        "balance_after_microcredits": 800_000,
    }
    with tenant_context(world.acme):
        done = Transaction.objects.get(id=body["id"])
        bob = Member.objects.get(email="bob@acme.test")
    assert (done.member_id, done.organization_id) == (bob.id, bob.organization_id)
    assert (done.operation, done.idempotency_key) == (TRANSLATE, "k-1")
    assert "Idempotency-Replayed" not in response
    again = once(client, DEBITS, {"operation": TRANSLATE, "quantity": 100}, "k-1")
    assert (again.status_code, again.json()) == (201, body)
    assert again["Idempotency-Replayed"] == "true"
    assert spent_in(world.acme) == 200_000


def test_the_same_key_with_another_body_is_refused(api: Any, world: World) -> None:
    client = api(world.bob)
    once(client, DEBITS, TEN, "k")
    response = once(client, DEBITS, {**TEN, "amount_microcredits": 11}, "k")
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_conflict")
    assert spent_in(world.acme) == 10


def test_a_key_belongs_to_one_workspace(api: Any, world: World) -> None:
    first = once(api(world.alice), DEBITS, TEN, "k")
    second = once(api(world.charlie, world.globex), DEBITS, {**TEN, "amount_microcredits": 20}, "k")
    assert (first.status_code, second.status_code) == (201, 201)
    assert (spent_in(world.acme), spent_in(world.globex)) == (10, 20)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"operation": SUMMARIZE},
        {"amount_microcredits": 1},
        {**TEN, "quantity": 1},
        {**TEN, "amount_microcredits": 0},
        {**TEN, "amount_microcredits": -1},
        {**TEN, "amount_microcredits": 1.0},
        {**TEN, "amount_microcredits": 1.5},
        {**TEN, "amount_microcredits": "10"},
        {**TEN, "amount_microcredits": True},
        {**TEN, "amount_microcredits": 10**16},
        {**TEN, "amount_microcredits": 10**18},
        {**TEN, "amount_microcredits": None},
        {"operation": SUMMARIZE, "quantity": 0},
        {"operation": SUMMARIZE, "quantity": 10**13},
        {"operation": SUMMARIZE, "quantity": "3"},
        {"operation": "tests.unknown", "amount_microcredits": 1},
        {"operation": 5, "amount_microcredits": 1},
        {"operation": "x" * 81, "amount_microcredits": 1},
        {**TEN, "organization_id": "sales"},
        {**TEN, "organization_id": 7},
        {**TEN, "member_id": str(uuid.uuid4())},
        b'{"operation": "tests.summarize\\u0000", "amount_microcredits": 1}',
        b'{"operation": "tests.summarize", "amount_microcredits": 1e400}',
        b"[]",
        b"nonsense",
    ],
)
@pytest.mark.parametrize("path", [DEBITS, HOLDS])
def test_bad_input_spends_nothing(api: Any, world: World, body: Any, path: str) -> None:
    response = once(api(world.bob), path, body)
    assert response.status_code == 400, response.content
    assert spent_in(world.acme) == 0


@pytest.mark.parametrize("key", ["", "x" * 201, "ü\x7f"])
@pytest.mark.parametrize("path", [DEBITS, HOLDS])
def test_without_a_good_key_nothing_is_spent(api: Any, world: World, key: str, path: str) -> None:
    headers = {"Idempotency-Key": key} if key else {}
    response = api(world.bob).post(path, TEN, headers=headers)
    assert response.status_code == 400
    assert spent_in(world.acme) == 0


def test_what_is_not_there_is_not_spent(api: Any, world: World) -> None:
    response = once(api(world.bob), DEBITS, {**TEN, "amount_microcredits": 1_000_001})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (402, "insufficient_credits")
    assert "1000000 are left" in problem["detail"]
    with tenant_context(world.acme):
        account_freeze(actor=SYSTEM, is_frozen=True, reason="Fraud")
    response = once(api(world.bob), DEBITS, TEN)
    assert (response.status_code, response.json()["code"]) == (409, "account_frozen")
    assert spent_in(world.acme) == 0


def test_who_may_spend(api: Any, world: World, places: Any) -> None:
    """bob, where he is member of Sales only: there and below, and nowhere else."""
    with tenant_context(world.acme):
        bob = Member.objects.get(email="bob@acme.test")
        bob.bindings.all().delete()
    refused = once(api(world.bob), DEBITS, TEN)
    assert refused.status_code == 403
    give_role(world.acme, "bob@acme.test", "member", places["sales"])
    client = api(world.bob)
    expected = {"root": 403, "finance": 403, "sales": 201, "north": 201}
    for place, status in expected.items():
        body = {**TEN, "organization_id": str(places[place].id)}
        assert once(client, DEBITS, body).status_code == status, place
        assert once(client, HOLDS, body).status_code == status, place
    # Unless he says where, it is his primary organization, the root.
    assert once(client, DEBITS, TEN).status_code == 403
    assert once(client, DEBITS, {**TEN, "organization_id": str(uuid.uuid4())}).status_code == 404
    assert once(api(world.charlie), DEBITS, TEN).status_code == 404
    assert once(api(None), DEBITS, TEN).status_code == 401
    assert spent_in(world.acme) == 40


def test_a_program_spends_for_members(world: World, places: Any) -> None:
    with tenant_context(world.acme):
        owner = actor_for(world.alice)
        text = make_key(owner, codes=[SPEND_CREDITS], organization_id=places["sales"].id).text
        bob = Member.objects.get(email="bob@acme.test")
    client = by_key(text)
    body = {**TEN, "member_id": str(bob.id)}
    done = once(client, DEBITS, body)
    assert done.status_code == 201
    assert once(client, DEBITS, {**TEN, "member_id": str(uuid.uuid4())}).status_code == 400
    with tenant_context(world.acme):
        found = Transaction.objects.get(id=done.json()["id"])
    assert (found.member_id, found.organization_id) == (bob.id, places["sales"].id)
    assert found.actor_kind == "api_key"
    finance = {**TEN, "organization_id": str(places["finance"].id)}
    assert once(client, DEBITS, finance).status_code == 403


def test_a_hold_is_captured_and_released(api: Any, world: World) -> None:
    client = api(world.alice)
    body = {"operation": SUMMARIZE, "amount_microcredits": 100, "ttl_s": 60}
    made = once(client, HOLDS, body, "h")
    assert made.status_code == 201
    held = made.json()
    assert (held["amount_microcredits"], held["balance_after_microcredits"]) == (100, 999_900)
    again = once(client, HOLDS, body, "h")
    assert (again.json(), again["Idempotency-Replayed"]) == (held, "true")
    url = f"{HOLDS}{held['id']}/"
    first = once(client, f"{url}capture/", {"amount_microcredits": 30}, "c")
    assert first.status_code == 201
    assert {k: first.json()[k] for k in ("kind", "hold_id", "amount_microcredits")} == {
        "kind": "capture",
        "hold_id": held["id"],
        "amount_microcredits": 30,
    }
    again = once(client, f"{url}capture/", {"amount_microcredits": 30}, "c")
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    assert once(client, f"{url}capture/", {"amount_microcredits": 31}, "c").status_code == 422
    much = once(client, f"{url}capture/", {"amount_microcredits": 71})
    assert (much.status_code, much.json()["code"]) == (400, "more_than_held")
    shown = client.get(url).json()
    with tenant_context(world.acme):
        hold = Hold.objects.get(id=held["id"])
        alice = Member.objects.get(email="alice@acme.test")
    assert shown == {
        "id": held["id"],
        "state": "open",
        "operation": SUMMARIZE,
        "organization_id": str(alice.organization_id),
        "member_id": str(alice.id),
        "amount_microcredits": 100,
        "captured_microcredits": 30,
        "released_microcredits": 0,
        "remaining_microcredits": 70,
        "created_at": shown["created_at"],
        "expires_at": hold.expires_at.isoformat().replace("+00:00", "Z"),
    }
    released = once(client, f"{url}release/", None, "r")
    assert (released.status_code, released.json()["amount_microcredits"]) == (201, 70)
    assert once(client, f"{url}release/", None, "r")["Idempotency-Replayed"] == "true"
    closed = once(client, f"{url}capture/", {"amount_microcredits": 1})
    assert (closed.status_code, closed.json()["code"]) == (409, "hold_closed")
    assert spent_in(world.acme) == 30
    assert [one["id"] for one in client.get(HOLDS, state="closed").json()["results"]] == [
        held["id"]
    ]
    assert client.get(HOLDS, state="open").json()["results"] == []


def test_another_tenants_hold_is_not_there(api: Any, world: World) -> None:
    held = once(api(world.alice), HOLDS, TEN).json()["id"]
    charlie = api(world.charlie, world.globex)
    assert charlie.get(f"{HOLDS}{held}/").status_code == 404
    for act in ("capture", "release"):
        assert once(charlie, f"{HOLDS}{held}/{act}/").status_code == 404
    with tenant_context(world.acme):
        assert Hold.objects.get(id=held).remaining_microcredits == 10


def test_who_may_not_spend_there_finds_no_hold(api: Any, world: World, places: Any) -> None:
    body = {**TEN, "organization_id": str(places["finance"].id)}
    held = once(api(world.alice), HOLDS, body).json()["id"]
    with tenant_context(world.acme):
        Member.objects.get(email="bob@acme.test").bindings.all().delete()
    give_role(world.acme, "bob@acme.test", "member", places["sales"])
    for act in ("capture", "release"):
        assert once(api(world.bob), f"{HOLDS}{held}/{act}/").status_code == 404
    give_role(world.acme, "bob@acme.test", "auditor", places["sales"])
    assert api(world.bob).get(f"{HOLDS}{held}/").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"amount_microcredits": 0},
        {"amount_microcredits": "1"},
        {"amount_microcredits": 1.0},
        {"amount_microcredits": 10**17},
        {"is_final": "yes"},
        {"is_final": 1},
    ],
)
def test_bad_input_captures_nothing(api: Any, world: World, body: Any) -> None:
    client = api(world.alice)
    held = once(client, HOLDS, TEN).json()["id"]
    assert once(client, f"{HOLDS}{held}/capture/", body).status_code == 400
    assert client.post(f"{HOLDS}{held}/capture/").status_code == 400
    assert client.post(f"{HOLDS}{held}/release/").status_code == 400
    assert client.get(f"{HOLDS}{held}/").json()["remaining_microcredits"] == 10


@pytest.mark.parametrize("ttl_s", [0, 86_401, "60", 1.5, 10**13])
def test_a_hold_has_a_time(api: Any, world: World, ttl_s: Any) -> None:
    response = once(api(world.alice), HOLDS, {**TEN, "ttl_s": ttl_s})
    assert response.status_code == 400
    assert spent_in(world.acme) == 0


def test_a_debit_costs_few_statements(api: Any, world: World) -> None:
    client = api(world.alice)
    once(client, DEBITS, TEN)
    # The session, the person, the actor, her primary organization, and the debit.
    with statements(at_most=6):
        once(client, DEBITS, TEN)
