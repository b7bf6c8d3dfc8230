"""Examples in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

PACK = OpenApiExample(
    "A pack",
    {
        "code": "credits_500",
        "name": "500 credits",
        "description": "For a busy week.",
        "credits_microcredits": 500_000_000,
        "valid_days": 365,
        "priority": 50,
        "prices": [
            {"currency": "EUR", "amount_minor": 2000},
            {"currency": "USD", "amount_minor": 2200},
        ],
    },
    response_only=True,
)
CHECKOUT = OpenApiExample(
    "Two packs, in euros",
    {"pack": "credits_500", "currency": "EUR", "quantity": 2},
    request_only=True,
)
PAGE = OpenApiExample(
    "A page of Stripe's",
    {"id": "cs_test_a1b2c3", "url": "https://checkout.stripe.com/c/pay/cs_test_a1b2c3"},
    response_only=True,
)
SETTING = {
    "is_on": True,
    "alert_below_microcredits": 100_000_000,
    "pack": "credits_500",
    "currency": "EUR",
    "quantity": 1,
    "monthly_cap_minor": 10_000,
}
CHANGE = OpenApiExample(
    "Below 100 credits another 500, up to €100 a month", SETTING, request_only=True
)
TOP_UP = OpenApiExample(
    "On",
    {
        **SETTING,
        "charged_this_month": {"amount_minor": 2000, "currency": "EUR"},
        "is_capped": False,
        "paused_at": None,
        "pause_code": "",
        "pause_reason": "",
    },
    response_only=True,
)
