"""`?expand=`: what ids of organizations and members stand for, for those who may see them."""

from typing import Any

import pytest

from apps.common.tenancy import tenant_context
from apps.credits.permissions import VIEW_CREDITS
from apps.organizations.models import Member
from apps.organizations.services import binding_create
from apps.roles.services import role_create
from tests.api.client import statements
from tests.conftest import World
from tests.credits.api.support import give_role, results
from tests.credits.support import SYSTEM, debit, grant, hold

pytestmark = pytest.mark.django_db
BOTH = {"expand": "organization,member"}


@pytest.fixture
def spent(world: World, places: Any) -> dict[str, str]:
    """By bob in Sales; and a hold in Finance by nobody."""
    with tenant_context(world.acme):
        grant(1_000)
        bob = Member.objects.get(email="bob@acme.test")
        made = debit(20, organization_id=places["sales"].id, member_id=bob.id)
        held = hold(50, organization_id=places["finance"].id)
        return {
            "member": str(bob.id),
            "debit": str(made.transaction_id),
            "hold": str(held.transaction_id),
        }


def test_names_of_what_is_named_by_id(
    api: Any, world: World, places: Any, spent: dict[str, str]
) -> None:
    client = api(world.alice)
    plain = {one["id"]: one for one in results(client.get("credits/entries/"))}
    found = {one["id"]: one for one in results(client.get("credits/entries/", **BOTH))}
    for id_, one in found.items():
        assert {name: one[name] for name in plain[id_]} == plain[id_]
        assert {*one} - {*plain[id_]} == {"organization", "member"}
    one = found[spent["debit"]]
    assert one["organization"] == {"id": str(places["sales"].id), "name": "Sales"}
    assert one["member"] == {"id": spent["member"], "name": "Bob Baker"}
    (held,) = results(client.get("credits/holds/", **BOTH))
    assert (held["organization"]["name"], held["member"]) == ("Finance", None)
    accounts = results(client.get("credits/accounts/", expand="organization", fields="kind"))
    assert [{*one} for one in accounts] == [{"kind", "organization"}] * len(accounts)
    refused = client.get("credits/entries/", expand="related")
    assert (refused.status_code, refused.json()["errors"][0]["attr"]) == (400, "expand")


def test_one_statement_for_each_whatever_the_number(
    bearer: Any, world: World, places: Any, spent: dict[str, str]
) -> None:
    client = bearer(world.alice)
    client.get("credits/entries/")
    with statements(3):
        client.get("credits/entries/")
    with statements(5):
        client.get("credits/entries/", **BOTH)
    with tenant_context(world.acme):
        for name in ("north", "finance", "root"):
            debit(1, organization_id=places[name].id)
    with statements(5):
        client.get("credits/entries/", **BOTH)


def test_what_one_may_not_see_is_null(
    api: Any, world: World, places: Any, spent: dict[str, str]
) -> None:
    """bob may view credits everywhere, and organizations in Sales only."""
    with tenant_context(world.acme):
        bob = Member.objects.get(email="bob@acme.test")
        bob.bindings.all().delete()
        role = role_create(actor=SYSTEM, name="Accounts", permission_codes=[VIEW_CREDITS])
        binding_create(
            actor=SYSTEM, member_id=bob.id, role_id=role.id, organization_id=places["root"].id
        )
    give_role(world.acme, "bob@acme.test", "auditor", places["sales"])
    client = api(world.bob)
    (held,) = results(client.get("credits/holds/", **BOTH))
    assert (held["organization_id"], held["organization"]) == (str(places["finance"].id), None)
    one = results(client.get("credits/entries/", **BOTH, organization=places["sales"].id))[0]
    assert one["organization"]["name"] == "Sales"
