"""Examples in the OpenAPI document, of budgets and spending caps."""

from drf_spectacular.utils import OpenApiExample

_SALES = {"id": "0197c2a4-7d10-7a01-8c11-1a2b3c4d5e6f", "name": "Sales"}
_WEST = {"id": "0197c2a4-7d10-7a01-8c11-1a2b3c4d5e70", "name": "West"}
_BOB = {
    "id": "0197c2a4-6d4e-7c1f-9f6e-0d1d2c3b4a59",
    "name": "Bob Baker",
    "email": "bob@acme.test",
}

BUDGET = OpenApiExample(
    "Of West, from that of Sales",
    {
        "organization": _WEST,
        "depth": 3,
        "path": "000100010001",
        "amount_microcredits": 200_000_000,
        "allocated_microcredits": 200_000_000,
        "left_microcredits": 143_500_000,
        "left_below_microcredits": 0,
        "used_microcredits": 56_500_000,
        "period": "month",
        "period_start": "2026-01-01",
        "is_hard": True,
        "allocated_from": _SALES,
    },
    response_only=True,
)
BUDGET_SET = OpenApiExample(
    "200 credits a month",
    {"amount_microcredits": 200_000_000, "period": "month", "is_hard": True},
    request_only=True,
)
BUDGET_CHANGE = OpenApiExample("More", {"amount_microcredits": 250_000_000}, request_only=True)
_TRANSFER = {
    "from_organization_id": _SALES["id"],
    "to_organization_id": _WEST["id"],
    "amount_microcredits": 25_000_000,
}
TRANSFER = OpenApiExample("25 credits", _TRANSFER, request_only=True)
TRANSFERRED = OpenApiExample(
    "Transferred",
    {
        "id": "0197c2a4-9d40-7c11-8d22-3e4f50617283",
        "created_at": "2026-01-05T09:00:00.123456Z",
        **_TRANSFER,
    },
    response_only=True,
)
CAP = OpenApiExample(
    "Of Bob",
    {
        "member": _BOB,
        "amount_microcredits": 50_000_000,
        "period": "month",
        "period_start": "2026-01-01",
        "spent_microcredits": 12_500_000,
        "left_microcredits": 37_500_000,
    },
    response_only=True,
)
CAP_SET = OpenApiExample(
    "50 credits a month", {"amount_microcredits": 50_000_000, "period": "month"}, request_only=True
)
