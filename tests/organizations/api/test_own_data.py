"""A person's own data over the API: a copy of it, and its erasure."""

from typing import Any

import pytest

from apps.accounts.models import Erasure, Person
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from tests.accounts.support import force_sign_in

pytestmark = pytest.mark.django_db


def test_copy(bearer: Any, bob: Person, alice: Person) -> None:
    found = bearer(bob, None).get("/api/v1/me/data/")
    assert found.status_code == 200
    assert found["Cache-Control"] == "no-store"
    body = found.json()
    (person,) = body["account"]["accounts.person"]
    assert (person["id"], person["email"], person["name"]) == (
        str(bob.id),
        "bob@acme.test",
        "Bob Baker",
    )
    assert "password" not in person
    (session,) = body["account"]["accounts.tokensession"]
    assert session["user_agent"] == "tests"
    (workspace,) = body["workspaces"]
    assert (workspace["slug"], workspace["name"]) == ("acme", "Acme")
    (member,) = workspace["tables"]["organizations.member"]
    assert (member["email"], member["status"]) == ("bob@acme.test", "active")
    (binding,) = workspace["tables"]["organizations.rolebinding"]
    assert binding["role__name"] == "Member"
    # Nobody else is in it.
    assert "alice" not in found.content.decode().lower()
    event = OutboxEvent.objects.get(name="accounts.person_data_exported")
    assert event.payload == {"person_id": str(bob.id)}


def test_so_many_copies_an_hour(bearer: Any, bob: Person) -> None:
    client = bearer(bob, None)
    for _ in range(10):
        assert client.get("/api/v1/me/data/").status_code == 200
    refused = client.get("/api/v1/me/data/")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 360
    assert OutboxEvent.objects.filter(name="accounts.person_data_exported").count() == 10


def test_copy_needs_somebody(api: Any) -> None:
    assert api(None, None).get("/api/v1/me/data/").status_code == 401
    assert not OutboxEvent.objects.filter(name="accounts.person_data_exported").exists()


def test_erasure(bearer: Any, bob: Person) -> None:
    client = bearer(bob, None)
    answer = client.post("/api/v1/me/erasure/", {"email": "Bob@acme.test"})
    assert answer.status_code == 202
    assert answer.json()["id"] == str(Erasure.objects.get(person=bob).id)
    assert client.get("/api/v1/me/").status_code == 401
    event = OutboxEvent.objects.get(name="accounts.person_erasure_requested")
    assert event.actor_label == "bob@acme.test"


@pytest.mark.parametrize(
    "body", [{}, {"email": ""}, {"email": "alice@acme.test"}, {"email": ["x"]}, {"email": "\x00"}]
)
def test_erasure_needs_ones_address(bearer: Any, bob: Person, body: Any) -> None:
    refused = bearer(bob, None).post("/api/v1/me/erasure/", body)
    assert refused.status_code == 400
    assert [e["attr"] for e in refused.json()["errors"]] in (["email"], [])
    bob.refresh_from_db()
    assert bob.is_active
    assert not Erasure.objects.exists()


def test_erasure_needs_a_recent_proof(api: Any, bob: Person) -> None:
    client = api(None, None)
    force_sign_in(client.client, bob, None, ago_s=7200)
    refused = client.post("/api/v1/me/erasure/", {"email": bob.email})
    assert (refused.status_code, refused.json()["code"]) == (403, "reauthentication_required")
    assert not Erasure.objects.exists()


def test_the_last_owner_stays(bearer: Any, alice: Person, acme: Tenant) -> None:
    refused = bearer(alice, None).post("/api/v1/me/erasure/", {"email": alice.email})
    assert (refused.status_code, refused.json()["code"]) == (409, "last_owner")
    assert "Acme" in refused.json()["detail"]
    alice.refresh_from_db()
    assert alice.is_active
