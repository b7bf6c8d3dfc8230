"""`credits/usage/`: what was used, from what is kept of each day."""

import uuid
from typing import Any

import pytest

from apps.common.ids import uuid7
from apps.common.tenancy import tenant_context
from apps.credits import selectors
from apps.credits.models import UsageDay
from apps.credits.services import credits_refund
from tests.conftest import World
from tests.credits.api.support import results
from tests.credits.support import SUMMARIZE, SYSTEM, TRANSLATE, debit, grant

pytestmark = pytest.mark.django_db


def use(day: str, amount: int, **fields: Any) -> None:
    UsageDay.objects.create(id=uuid7(), day=day, used_microcredits=amount, uses=1, **fields)


@pytest.fixture
def used(world: World, places: Any) -> Any:
    """In January 2026, of three organizations and a member. Taken away: no entries are behind it."""
    member = uuid.uuid4()
    with tenant_context(world.acme):
        use("2026-01-01", 10, operation=SUMMARIZE, organization_id=places["sales"].id)
        use("2026-01-01", 5, operation=TRANSLATE, organization_id=places["sales"].id)
        use("2026-01-02", 7, operation=SUMMARIZE, organization_id=places["finance"].id)
        use("2026-01-31", 1, operation=SUMMARIZE, member_id=member)
        use("2026-02-01", 100, operation=SUMMARIZE)
        yield {"member": str(member)}
        UsageDay.objects.all().delete()


def test_usage(api: Any, world: World, places: Any, used: Any) -> None:
    client = api(world.alice)
    january = {"since": "2026-01-01", "until": "2026-01-31"}
    found = client.get("credits/usage/", **january).json()
    assert found == {
        **january,
        "group_by": ["day"],
        "used_microcredits": 23,
        "uses": 4,
        "is_truncated": False,
        "results": [
            {"day": "2026-01-01", "used_microcredits": 15, "uses": 2},
            {"day": "2026-01-02", "used_microcredits": 7, "uses": 1},
            {"day": "2026-01-31", "used_microcredits": 1, "uses": 1},
        ],
    }
    sales, finance = str(places["sales"].id), str(places["finance"].id)
    for by, expected in {
        "organization": [(sales, 15), (finance, 7), (None, 1)],
        "member": [(None, 22), (used["member"], 1)],
        "operation": [(SUMMARIZE, 18), (TRANSLATE, 5)],
    }.items():
        rows = results(client.get("credits/usage/", group_by=by, **january))
        column = by if by == "operation" else f"{by}_id"
        assert [(one[column], one["used_microcredits"]) for one in rows] == expected
    two = results(client.get("credits/usage/", group_by="day,operation", **january))
    assert [(one["day"], one["operation"], one["used_microcredits"]) for one in two][:2] == [
        ("2026-01-01", SUMMARIZE, 10),
        ("2026-01-01", TRANSLATE, 5),
    ]
    only = client.get("credits/usage/", operation=TRANSLATE, organization=sales, **january)
    assert only.json()["used_microcredits"] == 5
    nothing = client.get("credits/usage/", since="2024-01-01", until="2024-12-31").json()
    assert (nothing["used_microcredits"], nothing["uses"], nothing["results"]) == (0, 0, [])


def test_more_rows_than_there_may_be_are_told(
    api: Any, world: World, used: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "MAX_USAGE_ROWS", 2)
    found = api(world.alice).get("credits/usage/", since="2026-01-01", until="2026-01-31").json()
    assert (found["is_truncated"], len(found["results"]), found["used_microcredits"]) == (
        True,
        2,
        23,
    )


@pytest.mark.parametrize(
    "query",
    [
        {"group_by": "nonsense"},
        {"group_by": "day,day"},
        {"since": "2026-01-02", "until": "2026-01-01"},
        {"since": "2025-01-01", "until": "2026-01-02"},
        {"since": "0001-01-01", "until": "9999-12-31"},
        {"since": "2026-13-01"},
        {"organization": "sales"},
        {"cursor": "x"},
    ],
)
def test_usage_that_cannot_be_asked_for(api: Any, world: World, query: dict[str, str]) -> None:
    assert api(world.alice).get("credits/usage/", **query).status_code == 400


def test_usage_of_the_first_days(api: Any, world: World) -> None:
    found = api(world.alice).get("credits/usage/", until="0001-01-01")
    assert found.status_code == 400


def test_refunds_count_down(api: Any, world: World) -> None:
    with tenant_context(world.acme):
        grant(100)
        spent = debit(40)
        credits_refund(
            actor=SYSTEM,
            transaction_id=spent.transaction_id,
            amount_microcredits=15,
            idempotency_key="r",
            reason="It failed",
        )
    found = api(world.alice).get("credits/usage/", group_by="operation").json()
    assert found["results"] == [{"operation": SUMMARIZE, "used_microcredits": 25, "uses": 1}]
