"""Pages of budgets and spending caps."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Person
from apps.credits.enums import BudgetPeriod
from apps.credits.models import Account, Budget, SpendingCap, Transaction
from apps.credits.services import budget_set, spending_cap_set
from apps.organizations.models import Member, Organization, RoleBinding
from apps.organizations.services import binding_create
from apps.roles.models import Role
from apps.tenants.models import Tenant
from tests.credits.conftest import Tree, _operations, inside, tree
from tests.credits.support import SYSTEM, assert_sound, balance, branch, debit, grant
from tests.portal.conftest import SignIn
from tests.portal.pages import read

__all__ = ["_operations", "inside", "tree"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inside")]
CREDIT = 1_000_000


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


def words(response: Any) -> str:
    page = read(response.content)
    assert page.check() == []
    return " ".join(" ".join(page.text).split())


def set_(of: Organization, amount: int, **fields: Any) -> Budget:
    return budget_set(
        actor=SYSTEM, organization_id=of.id, amount_microcredits=amount * CREDIT, **fields
    )


def left(of: Organization) -> int:
    return Account.objects.get(organization_id=of.id).balance_microcredits // CREDIT


def page_of(one: Organization, act: str = "") -> str:
    return f"/credits/budgets/{one.id}/{act}"


def test_without_organizations_the_page_says_what_budgets_are_for(client: Client) -> None:
    assert "No organizations to give budgets to" in words(client.get("/credits/budgets/"))


def test_the_tree_says_what_each_may_spend(client: Client, tree: Tree) -> None:
    grant(1000 * CREDIT)
    set_(tree.sales, 600)
    set_(tree.west, 200, is_hard=False, period=BudgetPeriod.NONE)
    debit(170 * CREDIT, organization_id=tree.west.id)
    debit(12 * CREDIT + 500_000, organization_id=tree.support.id)
    debit(CREDIT)
    text = words(client.get("/credits/budgets/"))
    assert "183.5 used this month 386.5 in the wallet, not allocated · 430 left in budgets" in text
    assert "170 of 600 used this month 400 left, 30 below · 600 each month from the wallet" in text
    assert "West Soft 170 of 200 used since" in text
    assert "30 left · 200 once from Sales" in text
    assert "12.5 used this month No budget: spends from the wallet" in text
    assert "No budget: spends from Sales" in text
    only = words(client.get("/credits/budgets/?budgeted=1"))
    assert ("Sales" in only, "Support" in only) == (True, False)
    found = words(client.get("/credits/budgets/?q=supp"))
    assert ("Support" in found, "West" in found) == (True, False)
    assert "No organization matches" in words(client.get("/credits/budgets/?q=zzz"))


def test_a_budget_is_given_raised_and_lowered_after_a_look(client: Client, tree: Tree) -> None:
    grant(1000 * CREDIT)
    assert "No budget" in words(client.get(page_of(tree.sales)))
    data = {"amount": "100.5", "period": "month", "kind": "hard"}
    made = client.post(page_of(tree.sales), data)
    assert (made.status_code, made["Location"]) == (302, "/credits/budgets/")
    budget = Budget.objects.get()
    assert (budget.amount_microcredits, budget.is_hard) == (100_500_000, True)
    debit(70 * CREDIT, organization_id=tree.sales.id)
    lower = {**data, "amount": "80", "kind": "soft"}
    asked = client.post(page_of(tree.sales), lower)
    assert asked.status_code == 200
    text = words(asked)
    assert "Lower the budget to 80 credits?" in text
    assert "Goes back to the wallet 20.5 credits that are not used" in text
    assert Budget.objects.get().amount_microcredits == 100_500_000
    done = client.post(page_of(tree.sales), {**lower, "confirmed": "1"})
    assert done.status_code == 302
    budget.refresh_from_db()
    assert (budget.amount_microcredits, budget.is_hard, left(tree.sales)) == (
        80 * CREDIT,
        False,
        10,
    )
    assert_sound()


def test_what_is_refused_is_said_at_the_form(client: Client, tree: Tree) -> None:
    grant(5 * CREDIT)
    data = {"amount": "6", "period": "month", "kind": "hard"}
    refused = client.post(page_of(tree.sales), data)
    assert refused.status_code == 422
    assert "Acme has 5 credits that can be allocated, and this takes 6." in words(refused)
    for amount, problem in (
        ("", "How many credits?"),
        ("many", "This is no number of credits."),
        ("0.0000001", "Use at most six decimals."),
        ("-1", "Give 0 or more."),
    ):
        answer = client.post(page_of(tree.sales), {**data, "amount": amount})
        assert (answer.status_code, problem in words(answer)) == (422, True)
    assert not Budget.objects.exists()


def test_closing_says_what_goes_where(client: Client, tree: Tree) -> None:
    grant(1000 * CREDIT)
    set_(tree.sales, 600)
    set_(tree.west, 200)
    assert "Goes back to Sales 200 credits" in words(client.get(page_of(tree.west, "close/")))
    assert left(tree.west) == 200
    client.post(page_of(tree.west, "close/"))
    assert (left(tree.west), left(tree.sales)) == (0, 600)
    assert client.get(page_of(tree.west, "close/")).status_code == 404
    assert_sound()


def test_a_form_that_is_sent_twice_transfers_once(client: Client, tree: Tree) -> None:
    grant(1000 * CREDIT)
    set_(tree.sales, 600)
    text = words(client.get(page_of(tree.sales, "transfer/")))
    assert "600 credits are left" in text
    set_(tree.support, 100)
    data = {"to_organization_id": str(tree.support.id), "amount": "50", "key": str(uuid.uuid4())}
    for _ in range(2):
        assert client.post(page_of(tree.sales, "transfer/"), data).status_code == 302
    assert (left(tree.sales), left(tree.support)) == (550, 150)
    more = {**data, "amount": "551", "key": str(uuid.uuid4())}
    refused = client.post(page_of(tree.sales, "transfer/"), more)
    assert (refused.status_code, "Sales has 550 credits" in words(refused)) == (422, True)
    of_wallet = {**data, "amount": "1", "key": str(uuid.uuid4())}
    client.post(page_of(tree.root, "transfer/"), of_wallet)
    assert (balance(), left(tree.support)) == (299 * CREDIT, 151)
    assert client.get(page_of(tree.west, "transfer/")).status_code == 404
    assert Transaction.objects.filter(details__has_key="from_organization_id").count() == 2
    assert_sound()


def test_who_manages_a_part_sees_that_part(
    sign_in: SignIn, bob: Person, bob_member: Member, acme: Tenant, tree: Tree
) -> None:
    grant(1000 * CREDIT)
    for one in (tree.sales, tree.west, tree.support):
        set_(one, 100)
    plain = sign_in(bob, acme)
    for path in ("/credits/budgets/", page_of(tree.sales), "/credits/spending-caps/"):
        assert plain.get(path).status_code == 403
    RoleBinding.objects.filter(member=bob_member).delete()
    binding_create(
        actor=SYSTEM,
        member_id=bob_member.id,
        role_id=Role.objects.get(code="admin").id,
        organization_id=tree.sales.id,
    )
    client = sign_in(bob, acme)
    text = words(client.get("/credits/budgets/"))
    assert ("Sales" in text, "Support" in text) == (True, False)
    assert client.get(page_of(tree.support)).status_code == 404
    assert "Change the budget" not in words(client.get(page_of(tree.sales)))
    data = {"amount": "50", "period": "month", "kind": "hard", "confirmed": "1"}
    assert client.post(page_of(tree.sales), data).status_code == 403
    assert client.post(page_of(tree.sales, "close/")).status_code == 403
    assert client.post(page_of(tree.west), data).status_code == 302
    assert (left(tree.sales), left(tree.west)) == (50, 50)


def test_a_cap_is_set_and_removed(client: Client, bob_member: Member) -> None:
    grant(1000 * CREDIT)
    assert "None" in words(client.get("/credits/spending-caps/"))
    assert "No spending caps" in words(client.get("/credits/spending-caps/?capped=1"))
    path = f"/credits/spending-caps/{bob_member.id}/"
    assert "No spending cap" in words(client.get(path))
    assert client.post(path, {"amount": "", "period": "month"}).status_code == 422
    assert client.post(path, {"amount": "100", "period": "day"}).status_code == 302
    debit(100 * CREDIT, member_id=bob_member.id)
    capped = client.get("/credits/spending-caps/?capped=1")
    assert "100 a day 100 Reached" in words(capped)
    assert [line.member for line in capped.context["lines"]] == [bob_member]
    assert "100 of 100 credits spent since" in words(client.get(path))
    assert client.post(f"{path}remove/").status_code == 302
    assert not SpendingCap.objects.exists()


FRAMES = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")


def statements(client: Client, path: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return [one["sql"] for one in captured if not one["sql"].startswith(FRAMES)]


def test_two_hundred_organizations_take_six_statements(
    client: Client, tree: Tree, bob_member: Member
) -> None:
    grant(10_000 * CREDIT)
    for number in range(50):
        team = branch(tree.sales, f"Team {number:02}")
        set_(team, 2)
        for below in range(3):
            branch(team, f"Group {below}")
    assert Organization.objects.count() == 205
    spending_cap_set(actor=SYSTEM, member_id=bob_member.id, amount_microcredits=5)
    for path in ("/credits/budgets/", "/credits/budgets/?budgeted=1", "/credits/spending-caps/"):
        statements(client, path)
        found = statements(client, path)
        assert len(found) <= 6, "\n".join(found)
    first = client.get("/credits/budgets/")
    assert first.content.count(b'href="/credits/budgets/01') == 50
    following = first.context["page"].next_url
    second = client.get(f"/credits/budgets/{following}")
    assert second.content.count(b'href="/credits/budgets/01') == 50
    back = client.get(f"/credits/budgets/{second.context['page'].previous_url}")
    assert [row.line.organization for row in back.context["rows"]] == [
        row.line.organization for row in first.context["rows"]
    ]
