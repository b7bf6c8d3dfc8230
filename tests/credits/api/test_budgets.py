"""Budgets and transfers by the API."""

from typing import Any

import pytest

from apps.accounts.models import Person
from apps.credits.models import Account, Budget, Transaction
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.services import binding_create, organization_archive
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.api.client import MISSING, same_problem, statements
from tests.credits.budgets import set_
from tests.credits.conftest import Tree
from tests.credits.support import SYSTEM, assert_sound, balance, branch, debit, grant, later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]


def path(of: Organization) -> str:
    return f"credits/budgets/{of.id}/"


@pytest.fixture
def manager(tree: Tree, bob: Person) -> Person:
    """bob manages Sales, and only Sales."""
    member = Member.objects.get(person_id=bob.id)
    RoleBinding.objects.filter(member=member).delete()
    binding_create(
        actor=SYSTEM,
        member_id=member.id,
        role_id=Role.objects.get(code="admin").id,
        organization_id=tree.sales.id,
    )
    return bob


def test_a_budget_is_set_changed_and_closed(api: Any, alice: Person, tree: Tree) -> None:
    grant(1000)
    client = api(alice)
    assert client.get(path(tree.sales)).status_code == 404
    made = client.put(path(tree.sales), {"amount_microcredits": 600})
    assert made.status_code == 200
    assert made.json() == {
        "organization": {"id": str(tree.sales.id), "name": "Sales"},
        "depth": 2,
        "path": tree.sales.path,
        "amount_microcredits": 600,
        "allocated_microcredits": 600,
        "left_microcredits": 600,
        "left_below_microcredits": 0,
        "used_microcredits": 0,
        "period": "month",
        "period_start": str(later().date().replace(day=1)),
        "is_hard": True,
        "allocated_from": None,
    }
    assert client.put(path(tree.sales), {"amount_microcredits": 600}).json() == made.json()
    client.put(path(tree.west), {"amount_microcredits": 100, "period": "none", "is_hard": False})
    debit(120, organization_id=tree.west.id)
    west = client.get(path(tree.west)).json()
    assert (west["left_microcredits"], west["used_microcredits"], west["is_hard"]) == (
        0,
        120,
        False,
    )
    assert west["allocated_from"] == {"id": str(tree.sales.id), "name": "Sales"}
    client.put(path(tree.east), {"amount_microcredits": 30})
    sales = client.get(path(tree.sales)).json()
    assert (sales["left_microcredits"], sales["left_below_microcredits"]) == (450, 30)
    client.delete(path(tree.east))
    changed = client.patch(path(tree.sales), {"is_hard": False}).json()
    assert (changed["is_hard"], changed["amount_microcredits"]) == (False, 600)
    assert (changed["left_microcredits"], changed["used_microcredits"]) == (480, 120)
    assert client.delete(path(tree.sales)).status_code == 204
    assert client.delete(path(tree.sales)).json()["code"] == "no_budget"
    assert client.patch(path(tree.sales), {"is_hard": True}).json()["code"] == "no_budget"
    assert client.get(path(tree.sales)).status_code == 404
    assert balance() == 880
    assert_sound()


def test_the_list_is_in_tree_order(api: Any, alice: Person, tree: Tree) -> None:
    grant(1000)
    for one in (tree.support, tree.sales, tree.east):
        set_(one, 100)
    client = api(alice)

    def names(**query: Any) -> list[str]:
        rows = client.get("credits/budgets/", **query).json()["results"]
        return [row["organization"]["name"] for row in rows]

    assert names() == ["Sales", "East", "Support"]
    first = client.get("credits/budgets/", page_size=2).json()
    following = client("GET", first["next"].removeprefix("http://acme.localhost:8000")).json()
    assert [row["organization"]["name"] for row in following["results"]] == ["Support"]
    organization_archive(actor=SYSTEM, organization_id=tree.support.id)
    assert names() == ["Sales", "East"]
    assert client.get("credits/budgets/", sort="x").status_code == 400


def test_a_list_of_two_hundred_takes_six_statements(bearer: Any, alice: Person, tree: Tree) -> None:
    grant(10_000)
    for number in range(50):
        set_(branch(tree.sales, f"Team {number}"), 10)
    client = bearer(alice)
    with statements(6):
        rows = client.get("credits/budgets/", page_size=200).json()["results"]
    assert len(rows) == 50


def test_what_makes_no_sense_is_refused(api: Any, alice: Person, tree: Tree) -> None:
    grant(1000)
    client = api(alice)
    for body in (
        {},
        {"amount_microcredits": -1},
        {"amount_microcredits": "5"},
        {"amount_microcredits": 5, "period": "week"},
        {"amount_microcredits": 5, "is_hard": "yes"},
    ):
        assert client.put(path(tree.sales), body).status_code == 400
    refused = client.put(path(tree.sales), {"amount_microcredits": 1001})
    assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_credits")
    assert refused.json()["detail"] == (
        "Acme has 0.001 credits that can be allocated, and this takes 0.001001."
    )
    of_root = client.put(path(tree.root), {"amount_microcredits": 1})
    assert (of_root.status_code, of_root.json()["code"]) == (409, "root_organization")
    organization_archive(actor=SYSTEM, organization_id=tree.sales.id)
    archived = client.put(path(tree.sales), {"amount_microcredits": 1})
    assert archived.json()["code"] == "organization_archived"
    assert not Budget.objects.exists()


def test_transfers_work_once_by_their_key(api: Any, alice: Person, tree: Tree) -> None:
    grant(1000)
    set_(tree.sales, 300)
    set_(tree.support, 100)
    client = api(alice)
    body = {
        "from_organization_id": str(tree.sales.id),
        "to_organization_id": str(tree.support.id),
        "amount_microcredits": 50,
    }
    url = "credits/budgets/transfers/"
    assert client.post(url, body).json()["errors"][0]["attr"] == "Idempotency-Key"
    key = {"Idempotency-Key": "t-1"}
    first = client.post(url, body, headers=key)
    assert first.status_code == 201
    done = Transaction.objects.get(idempotency_key="t-1")
    assert first.json() == {
        "id": str(done.id),
        "created_at": done.created_at.isoformat().replace("+00:00", "Z"),
        **body,
    }
    again = client.post(url, body, headers=key)
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    other = client.post(url, {**body, "amount_microcredits": 51}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
    more = client.post(
        url, {**body, "amount_microcredits": 251}, headers={"Idempotency-Key": "t-2"}
    )
    assert (more.status_code, more.json()["code"]) == (402, "insufficient_credits")
    back = client.post(
        url,
        {**body, "to_organization_id": str(tree.root.id)},
        headers={"Idempotency-Key": "t-3"},
    )
    assert back.status_code == 201
    assert balance() == 650
    assert_sound()


def test_who_may_do_what(
    api: Any, alice: Person, bob: Person, charlie: Person, tree: Tree, globex: Tenant
) -> None:
    grant(1000)
    set_(tree.sales, 300)
    bodies = {"amount_microcredits": 200}
    transfer = {
        "from_organization_id": str(tree.sales.id),
        "to_organization_id": str(tree.root.id),
        "amount_microcredits": 1,
    }
    key = {"Idempotency-Key": "t"}
    for person, status in ((bob, 403), (charlie, 404), (None, 401)):
        client = api(person)
        for answer in (
            client.get("credits/budgets/"),
            client.get(path(tree.sales)),
            client.put(path(tree.sales), bodies),
            client.patch(path(tree.sales), bodies),
            client.delete(path(tree.sales)),
            client.post("credits/budgets/transfers/", transfer, headers=key),
        ):
            assert answer.status_code == status
    # In a workspace of their own, acme's organization is as one that does not exist.
    theirs = api(charlie, globex)
    same_problem(
        theirs.put(path(tree.sales), bodies), theirs.put(f"credits/budgets/{MISSING}/", bodies)
    )
    assert theirs.delete(path(tree.sales)).status_code == 404
    assert theirs.post("credits/budgets/transfers/", transfer, headers=key).status_code == 404
    account = Account.objects.get(organization_id=tree.sales.id)
    assert (account.balance_microcredits, balance()) == (300, 700)


def test_a_manager_of_a_part_sees_and_manages_that_part(
    api: Any, manager: Person, tree: Tree
) -> None:
    grant(1000)
    for one in (tree.sales, tree.support, tree.west):
        set_(one, 100)
    client = api(manager)
    rows = client.get("credits/budgets/").json()["results"]
    assert [row["organization"]["name"] for row in rows] == ["Sales", "West"]
    assert client.get(path(tree.support)).status_code == 404
    assert client.put(path(tree.sales), {"amount_microcredits": 50}).status_code == 403
    assert client.delete(path(tree.sales)).status_code == 403
    assert client.put(path(tree.west), {"amount_microcredits": 50}).status_code == 200
    assert client.put(path(tree.support), {"amount_microcredits": 50}).status_code == 404
    assert_sound()
