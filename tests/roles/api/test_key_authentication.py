"""Who has a key gets in, in its workspace, to what it allows; nobody else does."""

import pytest

from apps.common.actors import Actor
from apps.events.models import OutboxEvent
from apps.organizations.models import Organization
from apps.roles.api_key_text import DIGITS, api_key_text_make
from apps.tenants.models import Tenant
from tests.api.client import statements
from tests.conftest import World
from tests.roles.support import answer, by_key, make_key

pytestmark = pytest.mark.django_db
INVALID = (401, "api_key_invalid")


def test_the_key_alone_chooses_the_workspace(owner: Actor, acme: Tenant) -> None:
    made = make_key(owner)
    for client in (
        by_key(made.text),
        by_key(made.text, acme),
        by_key(made.text, **{"X-Tenant": "acme"}),
    ):
        listed = client.get("members/")
        assert listed.status_code == 200
        assert {row["email"] for row in listed.json()["results"]} == {
            "alice@acme.test",
            "bob@acme.test",
        }


def test_it_may_what_it_was_given(owner: Actor, root: Organization) -> None:
    client = by_key(make_key(owner).text)
    assert answer(client, path="organizations/") == (200, "")
    refused = client.post("organizations/", {"name": "New", "parent": str(root.id)})
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert "organizations.create_organization" in refused.json()["detail"]
    assert Organization.objects.count() == 1
    writer = by_key(
        make_key(
            owner,
            "Writer",
            ["organizations.view_organization", "organizations.create_organization"],
        ).text
    )
    made = writer.post("organizations/", {"name": "New", "parent": str(root.id)})
    assert made.status_code == 201, made.content
    event = OutboxEvent.objects.get(name="organizations.organization_changed")
    assert (event.actor_kind, event.actor_label, event.actor_person_id) == (
        "api_key",
        "key:Writer",
        None,
    )


def test_it_takes_one_statement(owner: Actor, acme: Tenant) -> None:
    """The tenant, by host or by key; the key with its place; the list's two."""
    made = make_key(owner)
    for client in (by_key(made.text), by_key(made.text, acme)):
        client.get("members/")
        with statements(4):
            assert client.get("members/").status_code == 200


def test_what_is_none_costs_no_statement(world: World) -> None:
    good = api_key_text_make(world.acme.id)
    wrong = DIGITS[(DIGITS.index(good[30]) + 1) % 62]
    with statements(0):
        assert answer(by_key(good[:30] + wrong + good[31:])) == INVALID
        assert answer(by_key("sk_test")) == INVALID
