"""What a customer owes or has in credit, and why."""

from apps.sandbox.stripe import listing
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid, missing
from apps.sandbox.stripe.registry import Json, kind, route

KIND = "customer_balance_transaction"
kind(KIND, prefix="cbtxn_")


@route(
    "POST",
    "/v1/customers/{customer}/balance_transactions",
    "CustomerBalanceTransactionCreateParams",
)
def create(ctx: Context, params: Json, customer: str) -> Json:
    """An adjustment by hand; a negative amount is credit."""
    found = ctx.get("customer", customer)
    currency = params["currency"].lower()
    if found["currency"] not in {None, currency}:
        raise Invalid(
            f"The customer's currency is {found['currency']}: its balance has no other.",
            param="currency",
        )
    ctx = ctx.on_clock_of(found)
    ending = found["balance"] + params["amount"]
    made = ctx.create(
        KIND,
        {
            "amount": params["amount"],
            "checkout_session": None,
            "credit_note": None,
            "currency": currency,
            "customer": customer,
            "customer_account": None,
            "description": params.get("description"),
            "ending_balance": ending,
            "invoice": None,
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "type": "adjustment",
        },
    )
    ctx.change(found, {"balance": ending, "currency": currency}, "customer.updated")
    ctx.emit("customer_balance_transaction.created", made)
    return made


@route(
    "GET",
    "/v1/customers/{customer}/balance_transactions/{transaction}",
    "CustomerBalanceTransactionRetrieveParams",
)
def retrieve(ctx: Context, params: Json, customer: str, transaction: str) -> Json:
    found = ctx.get(KIND, transaction)
    if found["customer"] != customer:
        raise missing(KIND, transaction)
    return found


@route(
    "GET", "/v1/customers/{customer}/balance_transactions", "CustomerBalanceTransactionListParams"
)
def index(ctx: Context, params: Json, customer: str) -> Json:
    ctx.get("customer", customer)
    return listing.page(ctx, KIND, params, having={"customer": customer})
