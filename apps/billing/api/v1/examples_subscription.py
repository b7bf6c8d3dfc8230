"""Examples in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

_STARTER = {
    "plan": "starter",
    "version": 1,
    "currency": "EUR",
    "interval": "month",
    "amount_minor": 900,
    "is_per_seat": True,
}
SUBSCRIPTION = OpenApiExample(
    "Starter for three",
    {
        "standing": "active",
        "status": "active",
        "price": _STARTER,
        "quantity": 3,
        "add_ons": [{"code": "seats_10", "quantity": 1}],
        "trial_ends_at": None,
        "period_ends_at": "2026-02-06T17:20:00Z",
        "ends_at": None,
        "is_own_pause": False,
        "resumes_at": None,
        "next_price": None,
        "next_price_at": None,
        "unpaid_since": None,
    },
    response_only=True,
)
CHANGE = OpenApiExample(
    "Business, by the year", {"plan": "business", "interval": "year"}, request_only=True
)
CANCEL = OpenApiExample("Cancel", {"cancel_at_period_end": True}, request_only=True)
ADD_ONS = OpenApiExample(
    "Twenty more seats",
    {"add_ons": [{"code": "seats_10", "quantity": 2}]},
    request_only=True,
)
PAUSE = OpenApiExample("Pause for two months", {"pause_months": 2}, request_only=True)
PREVIEW = OpenApiExample(
    "An upgrade in the middle of a month",
    {
        "at": None,
        "quantity": 3,
        "now_due": {"amount_minor": 1500, "currency": "EUR"},
        "next_total": {"amount_minor": 5700, "currency": "EUR"},
        "exceeded": [],
    },
    response_only=True,
)
CHECKOUT = OpenApiExample(
    "Starter, by the month, in euros",
    {
        "plan": "starter",
        "interval": "month",
        "currency": "EUR",
        "add_ons": [{"code": "seats_10", "quantity": 1}],
    },
    request_only=True,
)
PAGE = OpenApiExample(
    "A page of Stripe's",
    {"id": "cs_test_a1b2c3", "url": "https://checkout.stripe.com/c/pay/cs_test_a1b2c3"},
    response_only=True,
)
CONTACTS = OpenApiExample(
    "To the accounts department",
    {
        "email": "accounts@acme.test",
        "name": "Acme GmbH",
        "address": {
            "line1": "Allee 1",
            "postal_code": "10115",
            "city": "Berlin",
            "country": "DE",
        },
        "extra_emails": ["tax@adviser.test"],
    },
)
INVOICE = OpenApiExample(
    "A paid one",
    {
        "id": "in_1PAID",
        "number": "ACME-0001",
        "status": "paid",
        "total": {"amount_minor": 3213, "currency": "EUR"},
        "tax": {"amount_minor": 513, "currency": "EUR"},
        "due": {"amount_minor": 0, "currency": "EUR"},
        "created": "2026-01-06T17:20:00Z",
        "due_at": None,
        "url": "https://invoice.stripe.com/i/acct_1/test_1",
        "pdf_url": "https://pay.stripe.com/invoice/acct_1/test_1/pdf",
    },
    response_only=True,
)
