"""Providers that send the same at once, and people who act on the same member meanwhile."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Person
from apps.common.tenancy import tenant_context
from apps.organizations.actors import actor_for
from apps.organizations.enums import MemberStatus
from apps.organizations.models import DirectoryUser, GroupMembership, Member, RoleBinding
from apps.organizations.services import member_update_status
from tests.conftest import World
from tests.organizations.scim.conftest import USER, Scim, make_scim

pytestmark = pytest.mark.usefixtures("ours")


def race(work: list[Callable[[], Any]]) -> list[Any]:
    barrier = threading.Barrier(len(work))
    results: list[Any] = []

    def run(one: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=30)
            results.append(one())
        except Exception as error:  # noqa: BLE001 - shown by the assertion that follows
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return results


def again(world: World, scim: Scim) -> Scim:
    secret = scim.client.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    return Scim(world.acme, secret)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same", ["userName", "externalId"])
def test_of_twenty_one_is_made(world: World, same: str) -> None:
    scim = make_scim(world, world.acme)

    def make(number: int) -> Callable[[], Any]:
        client = again(world, scim)
        name = "jane" if same == "userName" else f"jane{number}"
        external = "e-1" if same == "externalId" else f"e-{number}"
        body = {"schemas": [USER], "userName": f"{name}@acme.test", "externalId": external}
        return lambda: client.post("Users", body)

    results = race([make(number) for number in range(20)])
    outcomes = Counter((status, body.get("scimType")) for status, body in results)
    assert outcomes == {(201, None): 1, (409, "uniqueness"): 19}
    with tenant_context(world.acme):
        assert DirectoryUser.objects.count() == 3
        assert Member.objects.count() == 3
    assert Person.objects.filter(email__startswith="jane").count() == 1


@pytest.mark.django_db(transaction=True)
def test_members_added_at_once_are_all_there(world: World) -> None:
    scim = make_scim(world, world.acme)
    users = [scim.user(f"u{number}@acme.test")["id"] for number in range(8)]
    group = scim.group("Staff")

    def add(user_id: str) -> Callable[[], Any]:
        client = again(world, scim)
        operation = {"op": "add", "path": "members", "value": [{"value": user_id}]}
        return lambda: client.patch(f"Groups/{group['id']}", operation)[0]

    assert race([add(user_id) for user_id in users]) == [200] * 8
    with tenant_context(world.acme):
        assert GroupMembership.objects.count() == 8


@pytest.mark.django_db(transaction=True)
def test_one_removes_whom_another_puts_into_a_group(world: World) -> None:
    scim = make_scim(world, world.acme)
    group = scim.group("Staff")
    bob = scim.find("bob@acme.test")
    client = again(world, scim)

    def remove() -> str:
        with tenant_context(world.acme):
            member = Member.objects.get(person_id=world.bob.id)
            member_update_status(
                actor=actor_for(world.alice), member_id=member.id, status=MemberStatus.REMOVED
            )
        return "removed"

    def add() -> int:
        operation = {"op": "add", "path": "members", "value": [{"value": bob["id"]}]}
        return client.patch(f"Groups/{group['id']}", operation)[0]

    results = race([remove, add])
    assert "removed" in results
    assert {one for one in results if one != "removed"} <= {200, 400}, results
    with tenant_context(world.acme):
        assert not GroupMembership.objects.exists()
        assert not RoleBinding.objects.filter(member__person_id=world.bob.id).exists()
    assert scim.get(f"Groups/{group['id']}")[0] == 200


@pytest.mark.django_db
def test_a_new_user_costs_few_statements(world: World) -> None:
    """Whatever number there are already; 1,000 in a minute rest on this."""
    scim = make_scim(world, world.acme)
    scim.user("first@acme.test")
    costs = []
    for number in range(3):
        with CaptureQueriesContext(connection) as queries:
            scim.user(f"u{number}@acme.test", externalId=f"e-{number}", name={"givenName": "U"})
        costs.append(len(queries))
    statements = "\n".join(one["sql"][:110] for one in queries)
    assert max(costs) <= 42, statements
    assert len(set(costs)) == 1, statements
