"""Accounts, grants, the statement, usage, operations and estimates: what is shown, and to whom."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.common.tenancy import tenant_context
from apps.credits import operations
from apps.credits.enums import WALLET_ID, GrantSource
from apps.credits.models import Account, Grant
from apps.credits.operations import Operation, Rate, Tier, register_operations
from apps.credits.services import grant_revoke
from apps.organizations.models import Member
from tests.api.client import statements
from tests.conftest import World
from tests.credits.api.support import give_role, results
from tests.credits.support import (
    SUMMARIZE,
    SYSTEM,
    TRANSLATE,
    budget,
    debit,
    grant,
    hold,
    later,
)

pytestmark = pytest.mark.django_db
LISTS = ("accounts", "grants", "entries", "holds")


@pytest.fixture
def filled(world: World, places: Any) -> dict[str, Any]:
    """Budgets of Sales and Finance; debits at the root, Sales, North, and Finance; a hold at North."""
    with tenant_context(world.acme):
        one = grant(1_000, source=GrantSource.PURCHASE, reference="in_1", description="A pack")
        of_sales = budget(places["sales"], one, 400, is_hard=True)
        of_finance = budget(places["finance"], one, 100, is_hard=True)
        bob = Member.objects.get(email="bob@acme.test")
        spent = {
            "root": debit(10),
            "sales": debit(20, organization_id=places["sales"].id, member_id=bob.id),
            "north": debit(30, organization_id=places["north"].id, operation=TRANSLATE),
            "finance": debit(40, organization_id=places["finance"].id),
        }
        held = hold(50, organization_id=places["north"].id)
        return {
            "grant": one,
            "of_sales": of_sales,
            "of_finance": of_finance,
            "bob": bob,
            "spent": {name: str(one.transaction_id) for name, one in spent.items()},
            "held": str(held.transaction_id),
        }


@pytest.fixture
def of_sales(api: Any, world: World, places: Any, filled: Any) -> Any:
    """bob, who may view Sales and below, and nothing else."""
    with tenant_context(world.acme):
        filled["bob"].bindings.all().delete()
    give_role(world.acme, "bob@acme.test", "auditor", places["sales"])
    return api(world.bob)


def test_accounts(api: Any, world: World, filled: Any, places: Any) -> None:
    with tenant_context(world.acme):
        low = later()
        Account.objects.filter(id=WALLET_ID).update(alert_below_microcredits=500, low_at=low)
    wallet, *budgets = results(api(world.alice).get("credits/accounts/"))
    assert wallet == {
        "id": str(WALLET_ID),
        "kind": "wallet",
        "organization_id": None,
        "balance_microcredits": 490,
        "frozen_at": None,
        "alert_below_microcredits": 500,
        "low_at": low.isoformat().replace("+00:00", "Z"),
    }
    assert {(one["organization_id"], one["balance_microcredits"]) for one in budgets} == {
        (str(places["sales"].id), 300),
        (str(places["finance"].id), 60),
    }


def test_grants(api: Any, world: World, filled: Any) -> None:
    with tenant_context(world.acme):
        coming = grant(5, effective_at=later(days=1), expires_at=later(days=2))
        over = grant(5, expires_at=later(days=1))
        Grant.objects.filter(id=over.id).update(
            effective_at=later(days=-2), expires_at=later(seconds=-1)
        )
        revoked = grant(5)
        grant_revoke(actor=SYSTEM, grant_id=revoked.id, reason="Paid back")
        used = grant(5, priority=1)
        debit(5)
    client = api(world.alice)
    found = results(client.get("credits/grants/"))
    assert [(one["id"], one["state"], one["left_microcredits"]) for one in found] == [
        (str(used.id), "used", 0),
        (str(revoked.id), "revoked", 0),
        (str(over.id), "expired", 5),
        (str(coming.id), "coming", 5),
        (str(filled["grant"].id), "active", 850),
    ]
    one = found[-1]
    assert (one["source"], one["amount_microcredits"]) == ("purchase", 1_000)
    assert (one["description"], one["priority"], one["expires_at"]) == ("A pack", 50, None)
    for state in ("used", "revoked", "expired", "coming", "active"):
        assert len(results(client.get("credits/grants/", state=state))) == 1, state
    assert len(results(client.get("credits/grants/", source="purchase"))) == 1
    page = client.get("credits/grants/", page_size=2).json()
    rest = client.get(page["next"].partition(":8000")[2])
    assert [one["id"] for one in results(rest)] == [str(over.id), str(coming.id)]


def test_the_statement(api: Any, world: World, filled: Any, places: Any) -> None:
    client = api(world.alice)
    found = results(client.get("credits/entries/"))
    assert [one["kind"] for one in found] == [
        *("hold", "debit", "debit", "debit", "debit", "allocation", "allocation", "grant")
    ]
    sales = client.get(f"credits/entries/{filled['spent']['sales']}/").json()
    assert sales == {
        "id": filled["spent"]["sales"],
        "created_at": sales["created_at"],
        "kind": "debit",
        "amount_microcredits": 20,
        "balance_after_microcredits": 380,
        "operation": SUMMARIZE,
        "organization_id": str(places["sales"].id),
        "member_id": str(filled["bob"].id),
        "related_id": None,
        "idempotency_key": sales["idempotency_key"],
        "actor": {"kind": "system", "id": None},
        "details": {},
        "entries": [
            {
                "position": 1,
                "debited_account_id": str(filled["of_sales"]),
                "credited_account_id": "00000000-0000-0000-0000-000000000005",
                "grant_id": str(filled["grant"].id),
                "amount_microcredits": 20,
            }
        ],
    }
    now = timezone.now()
    for query, amounts in [
        ({"kind": "debit"}, [40, 30, 20, 10]),
        ({"operation": TRANSLATE}, [30]),
        ({"organization": places["finance"].id}, [40]),
        ({"member": filled["bob"].id}, [20]),
        ({"kind": "debit", "since": now - timedelta(hours=1)}, [40, 30, 20, 10]),
        ({"until": now - timedelta(hours=1)}, []),
        ({"since": now + timedelta(seconds=1)}, []),
        ({"since": "0001-01-02T00:00:00Z", "until": "9999-12-30T00:00:00Z", "kind": "hold"}, [50]),
    ]:
        sent = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in query.items()}
        assert [
            one["amount_microcredits"] for one in results(client.get("credits/entries/", **sent))
        ] == amounts, query
    page = client.get("credits/entries/", page_size=3).json()
    rest = results(client.get(page["next"].partition(":8000")[2]))
    assert [one["id"] for one in page["results"] + rest] == [one["id"] for one in found[:6]]


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "theft"},
        {"since": "yesterday"},
        {"organization": "sales"},
        {"nonsense": "1"},
        {"operation": "a\0b"},
        {"operation": "x" * 81},
        {"cursor": "cD1hYmM="},
    ],
)
def test_a_wrong_query_is_refused(api: Any, world: World, query: dict[str, str]) -> None:
    assert api(world.alice).get("credits/entries/", **query).status_code == 400


def test_who_may_view_sales_sees_sales_and_below(of_sales: Any, filled: Any) -> None:
    accounts = results(of_sales.get("credits/accounts/"))
    assert [one["id"] for one in accounts] == [str(filled["of_sales"])]
    grants = results(of_sales.get("credits/grants/"))
    assert [(one["id"], one["left_microcredits"]) for one in grants] == [
        (str(filled["grant"].id), 300)
    ]
    statement = results(of_sales.get("credits/entries/"))
    spent = filled["spent"]
    assert [one["id"] for one in statement] == [filled["held"], spent["north"], spent["sales"]]
    for name, status in {"sales": 200, "north": 200, "root": 404, "finance": 404}.items():
        assert of_sales.get(f"credits/entries/{spent[name]}/").status_code == status, name
    assert [one["id"] for one in results(of_sales.get("credits/holds/"))] == [filled["held"]]
    assert of_sales.get(f"credits/holds/{filled['held']}/").status_code == 200
    usage = of_sales.get("credits/usage/").json()
    assert (usage["used_microcredits"], usage["uses"]) == (50, 2)


def test_who_may_not_view_gets_403(api: Any, world: World, filled: Any) -> None:
    paths = [*(f"{name}/" for name in LISTS), "usage/", f"entries/{filled['spent']['root']}/"]
    paths.append(f"holds/{filled['held']}/")
    for path in paths:
        assert api(world.bob).get(f"credits/{path}").status_code == 403, path
        assert api(world.charlie).get(f"credits/{path}").status_code == 404, path
        assert api(None).get(f"credits/{path}").status_code == 401, path


def test_another_tenants_are_not_there(api: Any, world: World, filled: Any) -> None:
    client = api(world.charlie, world.globex)
    for path in (f"entries/{filled['spent']['root']}/", f"holds/{filled['held']}/"):
        assert client.get(f"credits/{path}").status_code == 404
    for name in ("grants", "entries", "holds"):
        assert results(client.get(f"credits/{name}/")) == []
    assert [one["balance_microcredits"] for one in results(client.get("credits/accounts/"))] == [0]


def test_lists_cost_the_same_for_many_rows(api: Any, world: World, filled: Any) -> None:
    client = api(world.alice)
    client.get("credits/accounts/")
    with tenant_context(world.acme):
        for _ in range(20):
            grant(1)
    for name, at_most in (("accounts", 4), ("grants", 4), ("holds", 4), ("entries", 5)):
        with statements(at_most):
            client.get(f"credits/{name}/")
    with statements(5):
        client.get("credits/usage/", group_by="day,operation")


def test_operations_with_rates_of_now_and_later(
    api: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_operations", {})
    rates = (
        Rate(1, datetime(2026, 1, 1, tzinfo=UTC), (Tier(None, 5),)),
        Rate(2, datetime(2026, 2, 1, tzinfo=UTC), (Tier(10, 7), Tier(None, 6)), per=1000),
        Rate(3, datetime(2999, 1, 1, tzinfo=UTC), (Tier(None, 9),), minimum_microcredits=3),
    )
    register_operations([Operation("tests.one", "One", "A thing.", "things", rates)])
    found = results(api(world.bob).get("credits/operations/"))
    assert found == [
        {
            "code": "tests.one",
            "label": "One",
            "description": "A thing.",
            "unit": "things",
            "rate": {
                "version": 2,
                "since": "2026-02-01T00:00:00Z",
                "tiers": [
                    {"up_to": 10, "microcredits": 7},
                    {"up_to": None, "microcredits": 6},
                ],
                "per": 1000,
                "minimum_microcredits": 0,
            },
            "coming_rates": [
                {
                    "version": 3,
                    "since": "2999-01-01T00:00:00Z",
                    "tiers": [{"up_to": None, "microcredits": 9}],
                    "per": 1,
                    "minimum_microcredits": 3,
                }
            ],
        }
    ]
    assert api(world.charlie).get("credits/operations/").status_code == 404


def test_an_estimate(api: Any, world: World, filled: Any, places: Any) -> None:
    client = api(world.alice)
    body = {
        "operation": SUMMARIZE,
        "quantity": 3,
        "organization_id": str(places["north"].id),
    }
    with tenant_context(world.acme):
        alice = Member.objects.get(email="alice@acme.test")
    assert client.post("credits/estimate/", body).json() == {
        **body,
        "member_id": str(alice.id),
        "amount_microcredits": 30,
        "rate_version": 1,
        "available_microcredits": 300,
        "cap_left_microcredits": None,
        "can_spend": True,
        "refusal": "",
    }
    much = client.post("credits/estimate/", {**body, "quantity": 31}).json()
    assert (much["can_spend"], much["refusal"]) == (False, "insufficient_credits")
    nowhere = {**body, "organization_id": str(uuid.uuid4())}
    assert client.post("credits/estimate/", nowhere).status_code == 404
    for wrong in ({**body, "quantity": 1.0}, {**body, "operation": "x.y"}, {}):
        assert client.post("credits/estimate/", wrong).status_code == 400
