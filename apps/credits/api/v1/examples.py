"""Examples in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

_WALLET = "00000000-0000-0000-0000-000000000001"
_USAGE = "00000000-0000-0000-0000-000000000005"
_SALES = "0197c2a4-7d10-7a01-8c11-1a2b3c4d5e6f"
_BOB = "0197c2a4-6d4e-7c1f-9f6e-0d1d2c3b4a59"
_GRANT = "0197c2a4-5c00-7b11-8d22-3e4f50617283"
_DEBIT = "0197c2a4-9a10-7c11-8d22-3e4f50617283"
_HOLD = "0197c2a4-9b20-7c11-8d22-3e4f50617283"

WALLET = OpenApiExample(
    "Wallet",
    {
        "id": _WALLET,
        "kind": "wallet",
        "organization_id": None,
        "balance_microcredits": 412_500_000,
        "frozen_at": None,
        "alert_below_microcredits": 50_000_000,
        "low_at": None,
    },
    response_only=True,
)
GRANT = OpenApiExample(
    "A month's allowance",
    {
        "id": _GRANT,
        "source": "plan",
        "state": "active",
        "description": "Business, January 2026",
        "amount_microcredits": 500_000_000,
        "left_microcredits": 412_500_000,
        "priority": 20,
        "effective_at": "2026-01-01T00:00:00Z",
        "expires_at": "2026-02-01T00:00:00Z",
        "expired_at": None,
        "revoked_at": None,
        "operations": [],
        "organization_ids": [],
        "rollover_cap_microcredits": 0,
        "rolled_from_id": None,
    },
    response_only=True,
)
TRANSACTION = OpenApiExample(
    "A debit",
    {
        "id": _DEBIT,
        "created_at": "2026-01-05T09:00:00.123456Z",
        "kind": "debit",
        "amount_microcredits": 1_500_000,
        "balance_after_microcredits": 412_500_000,
        "operation": "documents.summarize",
        "organization_id": _SALES,
        "member_id": _BOB,
        "related_id": None,
        "idempotency_key": "summary-4711",
        "actor": {"kind": "person", "id": _BOB},
        "details": {"quantity": 1500, "rate": 1},
        "entries": [
            {
                "position": 1,
                "debited_account_id": _WALLET,
                "credited_account_id": _USAGE,
                "grant_id": _GRANT,
                "amount_microcredits": 1_500_000,
            }
        ],
    },
    response_only=True,
)
OPERATION = OpenApiExample(
    "Summarize",
    {
        "code": "documents.summarize",
        "label": "Summarize",
        "description": "A document in short.",
        "unit": "tokens",
        "rate": {
            "version": 1,
            "since": "2026-01-01T00:00:00Z",
            "tiers": [
                {"up_to": 100_000, "microcredits": 1_000_000},
                {"up_to": None, "microcredits": 800_000},
            ],
            "per": 1000,
            "minimum_microcredits": 10_000,
        },
        "coming_rates": [],
    },
    response_only=True,
)
ESTIMATE_REQUEST = OpenApiExample(
    "1,500 tokens", {"operation": "documents.summarize", "quantity": 1500}, request_only=True
)
ESTIMATE = OpenApiExample(
    "It can be spent",
    {
        "operation": "documents.summarize",
        "quantity": 1500,
        "organization_id": _SALES,
        "member_id": _BOB,
        "amount_microcredits": 1_500_000,
        "rate_version": 1,
        "available_microcredits": 414_000_000,
        "cap_left_microcredits": None,
        "can_spend": True,
        "refusal": "",
    },
    response_only=True,
)
DEBIT = OpenApiExample(
    "1,500 tokens of Sales",
    {"operation": "documents.summarize", "quantity": 1500, "organization_id": _SALES},
    request_only=True,
)
SPENT = OpenApiExample(
    "Spent",
    {
        "id": _DEBIT,
        "amount_microcredits": 1_500_000,
        "balance_after_microcredits": 412_500_000,
    },
    response_only=True,
)
HOLD_REQUEST = OpenApiExample(
    "For ten minutes",
    {"operation": "documents.summarize", "amount_microcredits": 2_000_000, "ttl_s": 600},
    request_only=True,
)
HELD = OpenApiExample(
    "Held",
    {
        "id": _HOLD,
        "amount_microcredits": 2_000_000,
        "balance_after_microcredits": 410_500_000,
        "expires_at": "2026-01-05T09:10:00Z",
    },
    response_only=True,
)
HOLD = OpenApiExample(
    "Captured in part",
    {
        "id": _HOLD,
        "state": "open",
        "operation": "documents.summarize",
        "organization_id": _SALES,
        "member_id": _BOB,
        "amount_microcredits": 2_000_000,
        "captured_microcredits": 500_000,
        "released_microcredits": 0,
        "remaining_microcredits": 1_500_000,
        "created_at": "2026-01-05T09:00:00Z",
        "expires_at": "2026-01-05T09:10:00Z",
    },
    response_only=True,
)
CAPTURE = OpenApiExample(
    "So much, and no more",
    {"amount_microcredits": 1_200_000, "is_final": True},
    request_only=True,
)
_CAPTURED = {
    "id": "0197c2a4-9c30-7c11-8d22-3e4f50617283",
    "kind": "capture",
    "hold_id": _HOLD,
    "amount_microcredits": 1_200_000,
    "created_at": "2026-01-05T09:04:00Z",
}
CAPTURED = OpenApiExample("Captured", _CAPTURED, response_only=True)
RELEASED = OpenApiExample("Released", {**_CAPTURED, "kind": "release"}, response_only=True)
USAGE = OpenApiExample(
    "By day and operation",
    {
        "since": "2026-01-01",
        "until": "2026-01-31",
        "group_by": ["day", "operation"],
        "used_microcredits": 87_500_000,
        "uses": 412,
        "is_truncated": False,
        "results": [
            {
                "day": "2026-01-05",
                "operation": "documents.summarize",
                "used_microcredits": 4_500_000,
                "uses": 21,
            }
        ],
    },
    response_only=True,
)
USAGE_EVENTS = OpenApiExample(
    "One event",
    {
        "events": [
            {
                "id": "run-4711",
                "operation": "documents.summarize",
                "quantity": 1500,
                "occurred_at": "2026-01-05T09:00:00Z",
                "organization_id": _SALES,
            }
        ]
    },
    request_only=True,
)
INGESTED = OpenApiExample(
    "It was taken",
    {
        "amount_microcredits": 1_500_000,
        "counts": {"accepted": 1, "duplicate": 0, "conflict": 0, "invalid": 0, "insufficient": 0},
        "results": [
            {
                "id": "run-4711",
                "status": "accepted",
                "amount_microcredits": 1_500_000,
                "code": "",
                "detail": "",
                "attr": None,
            }
        ],
    },
    response_only=True,
)
