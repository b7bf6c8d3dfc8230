"""The pages about credits: what they say, to whom, and what a bad address does."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.test import Client

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.ids import uuid7_since
from apps.common.tenancy import tenant_context
from apps.credits.enums import AccountKind, TransactionKind
from apps.credits.models import Account, Transaction, UsageDay
from apps.credits.services import account_freeze
from apps.organizations.services import member_join
from apps.roles.models import Role
from apps.roles.services import role_create
from apps.tenants.models import Tenant
from tests.api.client import MISSING
from tests.conftest import SYSTEM, make_person
from tests.credits.conftest import _operations  # noqa: F401 - what there is to spend on
from tests.credits.support import SUMMARIZE, branch, budget, debit, grant, later
from tests.portal.conftest import SignIn
from tests.portal.credits import CREDIT, table, text
from tests.portal.test_queries import BUDGET, statements

pytestmark = pytest.mark.django_db
PAGES = (
    "/credits/",
    "/credits/usage/",
    "/credits/usage/?by=organization",
    "/credits/usage/?by=member&range=90",
    "/credits/usage/?by=operation&sort=uses",
    "/credits/usage/?organization=none&member=bob@acme.test&range=7",
    "/credits/grants/",
    "/credits/grants/?state=all",
    "/credits/statement/",
    "/credits/statement/?kind=debit&member=bob@acme.test",
    "/credits/rates/",
    "/credits/rates/?operation=tests.translate&quantity=1500",
)


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


@pytest.fixture
def seller(acme: Tenant, owner: Actor, filled: SimpleNamespace, sign_in: SignIn) -> Client:
    """Somebody who may see the credits of Sales, and nothing else."""
    role = role_create(actor=owner, name="Bookkeeper", permission_codes=["credits.view_credits"])
    person = make_person("Sally", "sally@acme.test")
    member_join(
        actor=SYSTEM,
        person=person,
        organization=filled.sales,
        roles=[Role.objects.get(id=role.id)],
    )
    return sign_in(person, acme)


# --- Who may ------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", [*PAGES, f"/credits/statement/{MISSING}/"])
def test_who_may_not_see_credits_sees_none(
    path: str, sign_in: SignIn, bob: Person, alice: Person, acme: Tenant, globex: Tenant
) -> None:
    member = sign_in(bob, acme)
    assert member.get(path).status_code == 403
    assert member.get("/credits/usage/export/").status_code == 403
    assert 'href="/credits/"' not in member.get("/").content.decode()
    assert sign_in(alice, globex).get(path).status_code == 404


def test_the_owner_finds_them(client: Client) -> None:
    page = text(client, "/credits/")
    assert '<a href="/credits/" aria-current="page">Overview</a>' in page
    for name in ("Usage", "Grants", "Statement", "Rates"):
        assert f'href="/credits/{name.lower()}/">{name}</a>' in page
    assert 'href="/credits/"' in client.get("/").content.decode()


def test_who_sees_sales_sees_sales_and_below(seller: Client, filled: SimpleNamespace) -> None:
    page = text(seller, "/credits/usage/?by=organization")
    assert "30 credits" in page
    assert "=West" in page
    assert "No organization</a>" not in page
    assert {one["organization"] for one in table(seller)} == {"Sales", "'=West"}
    assert text(seller, "/credits/statement/").count('class="cover') == 2
    assert seller.get(f"/credits/statement/{filled.spent.transaction_id}/").status_code == 404
    assert seller.get(f"/credits/statement/{filled.there.transaction_id}/").status_code == 200
    # The wallet is not theirs, and nothing of a grant lies at Sales yet.
    overview = text(seller, "/credits/")
    assert "In your budgets</dt><dd>0</dd>" in overview
    assert "wallet" not in overview
    assert "No credits to use" in text(seller, "/credits/grants/")
    budget(filled.sales, filled.wide, 7 * CREDIT, is_hard=True)
    assert "In your budgets</dt><dd>7</dd>" in text(seller, "/credits/")
    grants = text(seller, "/credits/grants/")
    assert '<span class="font-medium">7</span>' in grants
    assert 'text-muted">of 900' not in grants
    assert "Try it" not in grants


def test_another_workspace_has_its_own(
    client: Client, filled: SimpleNamespace, sign_in: SignIn, charlie: Person, globex: Tenant
) -> None:
    other = sign_in(charlie, globex)
    assert "No credits yet" in text(other, "/credits/")
    assert table(other) == []
    for one in (filled.spent.transaction_id, filled.held.transaction_id):
        assert client.get(f"/credits/statement/{one}/").status_code == 200
        assert other.get(f"/credits/statement/{one}/").status_code == 404


# --- Overview -----------------------------------------------------------------------------------
def test_nothing_yet_leads_on(client: Client) -> None:
    page = text(client, "/credits/")
    assert "No credits yet" in page
    assert 'href="/credits/rates/"' in page
    assert "Nothing used in this time" in text(client, "/credits/usage/")
    assert "No credits to use" in text(client, "/credits/grants/")
    assert "Nothing happened in this time" in text(client, "/credits/statement/")


def test_the_balance_and_what_becomes_of_it(client: Client, filled: SimpleNamespace) -> None:
    page = text(client, "/credits/")
    # 1,000 less 60 spent, 50 held, and 1.5 given back.
    assert "Balance</dt><dd>891.5</dd>" in page
    assert "All of it in the wallet<br>45 held besides" in page
    assert "Used this month</dt><dd>63.5</dd>" in page
    assert "Not used for long enough to tell" in page
    assert "Try it" in page
    assert "71.5" in page
    UsageDay.objects.update(day=datetime.now(UTC).date() - timedelta(days=4))
    page = text(client, "/credits/")
    # 63.5 in four days are 15.875 a day.
    assert "In 56 days, at 16 a day" in page
    budget(filled.west, filled.wide, 100 * CREDIT, is_hard=True)
    assert "791.5 in the wallet, 100 in 1 budget" in text(client, "/credits/")


def test_it_says_what_is_wrong(client: Client, filled: SimpleNamespace) -> None:
    Account.objects.filter(kind=AccountKind.WALLET).update(
        alert_below_microcredits=1000 * CREDIT, low_at=later(hours=-1)
    )
    assert "which is less than 1,000" in text(client, "/credits/")
    account_id = budget(filled.west, filled.wide, CREDIT, is_hard=True)
    account_freeze(actor=SYSTEM, is_frozen=True, reason="x", account_id=account_id)
    assert "A budget is stopped" in text(client, "/credits/")
    account_freeze(actor=SYSTEM, is_frozen=True, reason="A card was <stolen>")
    page = text(client, "/credits/")
    assert "Spending is stopped" in page
    assert "A card was &lt;stolen&gt;" in page


# --- Grants -------------------------------------------------------------------------------------
def test_grants_by_their_state(client: Client, filled: SimpleNamespace) -> None:
    grant(5 * CREDIT, description="Later", effective_at=later(days=1))
    used = grant(5 * CREDIT, description="All gone", priority=1)
    debit(5 * CREDIT)
    over = grant(5 * CREDIT, description="Too late", organization_ids=[filled.sales.id])
    type(over).objects.filter(id=over.id).update(
        effective_at=later(days=-2), expires_at=later(days=-1)
    )
    back = grant(5 * CREDIT, description="Taken back")
    type(back).objects.filter(id=back.id).update(revoked_at=later())
    names = {
        "usable": ("Pack of 900", "Try it"),
        "scheduled": ("Later",),
        "used": ("All gone",),
        "expired": ("Too late",),
        "revoked": ("Taken back",),
    }
    everything = [one for found in names.values() for one in found]
    for state, wanted in names.items():
        page = text(client, f"/credits/grants/?state={state}")
        assert [one for one in everything if one in page] == list(wanted), state
    page = text(client, "/credits/grants/?state=all")
    assert all(one in page for one in everything)
    assert used.description in page
    page = text(client, "/credits/grants/")
    assert '<span class="font-medium">71.5</span> <span class="text-muted">of 100</span>' in page
    assert "45 held" in page
    assert "Translate" in page
    assert "at Sales" in text(client, "/credits/grants/?state=expired")


# --- Statement ----------------------------------------------------------------------------------
def test_the_statement_says_what_changed(client: Client, filled: SimpleNamespace) -> None:
    page = text(client, "/credits/statement/")
    assert page.count('class="cover') == 8
    for amount in ("+900", "+100", "−30", "−20", "−50", "+1.5"):
        assert f">{amount}</span>" in page, amount
    # A capture changes nothing: it was held before.
    assert 'title="The balance stays as it is">5</span>' in page
    assert f'href="/credits/statement/{filled.held.transaction_id}/"' in page
    assert "of what was spent</a>" in page
    assert text(client, "/credits/statement/?kind=refund").count('class="cover') == 1
    assert "Bob Baker" in page


def test_one_transaction_with_all_that_it_moved(client: Client, filled: SimpleNamespace) -> None:
    page = text(client, f"/credits/statement/{filled.spent.transaction_id}/")
    assert "−30" in page
    assert "Wallet</td>" in page
    assert "Used</td>" in page
    assert "Try it" in page
    assert f'href="/credits/statement/{filled.refund.id}/"' in page
    page = text(client, f"/credits/statement/{filled.refund.id}/")
    assert "It was &lt;b&gt;broken&lt;/b&gt;" in page
    assert f'href="/credits/statement/{filled.spent.transaction_id}/"' in page
    held = text(client, f"/credits/statement/{filled.held.transaction_id}/")
    assert f'href="/credits/statement/{filled.captured.id}/"' in held
    assert client.get(f"/credits/statement/{MISSING}/").status_code == 404


def test_what_product_code_keeps_beside_it(client: Client, in_acme: None) -> None:
    grant(10 * CREDIT)
    odd = debit(
        CREDIT, details={"quantity": "<many>", "rate": [1], "file_name": "a.pdf", "reason": 5}
    )
    page = text(client, f"/credits/statement/{odd.transaction_id}/")
    assert "&lt;many&gt;" in page
    assert 'File name</dt><dd class="wrap-anywhere">a.pdf</dd>' in page
    assert text(client, "/credits/statement/").count('class="cover') == 2


def test_pages_of_the_statement_and_its_time(client: Client, in_acme: None) -> None:
    one = grant(100 * CREDIT)
    for number in range(60):
        debit(CREDIT, key=f"key-{number}")
    first = text(client, "/credits/statement/")
    assert first.count('class="cover') == 50
    assert 'rel="next"' in first
    last = Transaction.objects.order_by("-id")[49]
    assert text(client, f"/credits/statement/?after={last.id}").count('class="cover') == 11
    # What was long ago has an id of then.
    then = datetime.now(UTC) - timedelta(days=200)
    Transaction.objects.create(
        id=uuid7_since(then),
        created_at=then,
        kind=TransactionKind.DEBIT,
        amount_microcredits=1,
        idempotency_key="old",
        fingerprint=one.id,
        balance_after_microcredits=1,
        operation=SUMMARIZE,
    )
    query = f"range=custom&since={then.date()}&until={then.date()}"
    assert text(client, f"/credits/statement/?{query}").count('class="cover') == 1
    assert "Nothing happened" in text(
        client,
        f"/credits/statement/?range=custom&since=2026-01-01&until={date(2026, 1, 2)}",
    )


# --- Rates --------------------------------------------------------------------------------------
def test_rates_and_an_estimate(client: Client) -> None:
    page = text(client, "/credits/rates/")
    assert "1 to 1,000 words" in page
    assert "0.002 credits each" in page
    assert "From 1,001 words on" in page
    assert "0.005 credits a use" in page
    page = text(client, "/credits/rates/?operation=tests.translate&quantity=1,500")
    assert "1,500 words cost <strong" in page
    assert ">2.5 credits</strong>" in page
    for query in (
        "operation=tests.translate&quantity=x",
        "operation=tests.translate&quantity=0",
        "operation=tests.translate&quantity=%C2%B2",
        f"operation=tests.translate&quantity={'9' * 20}",
        "operation=no.such&quantity=1",
    ):
        page = text(client, f"/credits/rates/?{query}")
        assert 'role="alert"' in page, query
        assert "</strong>" not in page, query


def test_without_anything_that_costs(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.credits.operations._operations", {})
    assert "Nothing costs credits yet" in text(client, "/credits/rates/")
    assert "Nothing costs credits yet" in text(client, "/credits/rates/?operation=a&quantity=1")


# --- What it costs ------------------------------------------------------------------------------
@pytest.mark.parametrize("path", PAGES)
def test_statements(path: str, client: Client, acme: Tenant, filled: SimpleNamespace) -> None:
    few = statements(client, path)
    assert len(few) <= BUDGET, "\n".join(few)
    with tenant_context(acme):
        for number in range(20):
            place = branch(filled.sales, f"Place {number}")
            debit(CREDIT, organization_id=place.id)
            grant(CREDIT, organization_ids=[place.id])
    assert len(statements(client, path)) <= len(few)


def test_statements_of_one(client: Client, filled: SimpleNamespace) -> None:
    for one in (filled.spent.transaction_id, filled.refund.id):
        found = statements(client, f"/credits/statement/{one}/")
        assert len(found) <= BUDGET + 1, "\n".join(found)
