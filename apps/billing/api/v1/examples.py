"""Examples in the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_SEATS: dict[str, Any] = {
    "code": "organizations.seats",
    "label": "Seats",
    "description": "Active members and open invitations.",
    "kind": "limit",
    "unit": "seats",
    "period": None,
    "value": 20,
    "is_soft": False,
}
_SINGLE_SIGN_ON: dict[str, Any] = {
    "code": "accounts.single_sign_on",
    "label": "Single sign-on",
    "description": "People sign in by the company's identity provider.",
    "kind": "boolean",
    "unit": "",
    "period": None,
    "value": 1,
    "is_soft": False,
}
PLAN = OpenApiExample(
    "Starter",
    {
        "code": "starter",
        "name": "Starter",
        "description": "For a team that works with it every day.",
        "version": 1,
        "trial_days": 14,
        "credits_per_period_microcredits": 100_000_000,
        "credits_rollover_microcredits": 0,
        "prices": [
            {"currency": "EUR", "interval": "month", "amount_minor": 900, "is_per_seat": True},
            {"currency": "EUR", "interval": "year", "amount_minor": 9000, "is_per_seat": True},
        ],
        "entitlements": [_SEATS],
    },
    response_only=True,
)
ADD_ON = OpenApiExample(
    "Single sign-on",
    {
        "code": "single_sign_on",
        "name": "Single sign-on",
        "description": "Sign in by your company's identity provider, on any plan.",
        "prices": [
            {"currency": "EUR", "interval": "month", "amount_minor": 4900, "is_per_seat": False}
        ],
        "entitlements": [_SINGLE_SIGN_ON],
    },
    response_only=True,
)
HOLDING = OpenApiExample(
    "On Starter",
    {
        "plan": {
            "code": "starter",
            "name": "Starter",
            "version": 1,
            "is_comp": False,
            "since": "2026-01-06T17:20:00Z",
        },
        "entitlements": [{**_SEATS, "used": 17, "state": "near"}],
    },
    response_only=True,
)
