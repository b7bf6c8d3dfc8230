"""Charges, their refunds, and the balance."""

from collections import Counter

from apps.sandbox.stripe import charges, listing
from apps.sandbox.stripe.charges import KIND, REFUND
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json, includes, kind, on_due, renders, route

TRANSACTION = "balance_transaction"
kind(KIND, prefix="ch_", fields=("latest_charge",))
kind(REFUND, prefix="re_")
kind(TRANSACTION, prefix="txn_", fields=("failure_balance_transaction",))


@route("GET", "/v1/charges/{charge}", "ChargeRetrieveParams")
def retrieve(ctx: Context, params: Json, charge: str) -> Json:
    return ctx.get(KIND, charge)


@route("POST", "/v1/charges/{charge}", "ChargeUpdateParams")
def update(ctx: Context, params: Json, charge: str) -> Json:
    found = ctx.get(KIND, charge)
    names = ("description", "receipt_email", "shipping", "transfer_group")
    changes: Json = {name: params[name] for name in names if name in params}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    return ctx.change(found, changes, "charge.updated")


@route("GET", "/v1/charges", "ChargeListParams")
def index(ctx: Context, params: Json) -> Json:
    having = {name: params.get(name) for name in ("customer", "payment_intent")}
    return listing.page(ctx, KIND, params, having=having)


@route("GET", "/v1/charges/search", "ChargeSearchParams")
def search(ctx: Context, params: Json) -> Json:
    return listing.search(ctx, KIND, params)


@includes(KIND, "refunds")
def refunds_of(ctx: Context, charge: Json) -> Json:
    url = f"/v1/charges/{charge['id']}/refunds"
    return listing.page(ctx, REFUND, {}, url=url, having={"charge": charge["id"]})


@renders(KIND, before="2025-03-31")
def previous(ctx: Context, charge: Json) -> Json:
    """The invoice that it pays was one of its attributes."""
    intent = ctx.rows("payment_intent").filter(object_id=charge["payment_intent"]).first()
    return charge | {"invoice": intent.data.get("_invoice") if intent else None}


@route("POST", "/v1/refunds", "RefundCreateParams")
def refund_create(ctx: Context, params: Json) -> Json:
    charge_id = params.get("charge")
    if params.get("payment_intent"):
        intent = ctx.get("payment_intent", params["payment_intent"], param="payment_intent")
        charge_id = intent["latest_charge"]
        if charge_id is None:
            raise Invalid(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
    if charge_id is None:
        raise Invalid(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
            param="charge",
        )
    charge = ctx.get(KIND, charge_id, param="charge")
    return charges.refund(
        ctx,
        charge,
        params.get("amount"),
        reason=params.get("reason"),
        metadata=merged_metadata({}, params.get("metadata") or {}),
    )


@route("GET", "/v1/refunds/{refund}", "RefundRetrieveParams")
def refund_retrieve(ctx: Context, params: Json, refund: str) -> Json:
    return ctx.get(REFUND, refund)


@route("POST", "/v1/refunds/{refund}", "RefundUpdateParams")
def refund_update(ctx: Context, params: Json, refund: str) -> Json:
    found = ctx.get(REFUND, refund)
    changes = {"metadata": merged_metadata(found["metadata"], params.get("metadata"))}
    return ctx.change(found, changes if "metadata" in params else {}, "refund.updated")


@route("GET", "/v1/refunds", "RefundListParams")
def refund_index(ctx: Context, params: Json) -> Json:
    having = {name: params.get(name) for name in ("charge", "payment_intent")}
    return listing.page(ctx, REFUND, params, having=having)


on_due(REFUND)(charges.refund_later)


@route("GET", "/v1/balance_transactions/{transaction}", "BalanceTransactionRetrieveParams")
def transaction_retrieve(ctx: Context, params: Json, transaction: str) -> Json:
    return _dated(ctx, ctx.get(TRANSACTION, transaction))


@route("GET", "/v1/balance_transactions", "BalanceTransactionListParams")
def transaction_index(ctx: Context, params: Json) -> Json:
    having = {name: params.get(name) for name in ("currency", "source", "type")}
    page = listing.page(ctx, TRANSACTION, params, having=having)
    return page | {"data": [_dated(ctx, one) for one in page["data"]]}


def _dated(ctx: Context, transaction: Json) -> Json:
    is_there = ctx.now >= transaction["available_on"]
    return transaction | {"status": "available" if is_there else "pending"}


@route("GET", "/v1/balance", "BalanceRetrieveParams")
def balance(ctx: Context, params: Json) -> Json:
    sums: dict[str, Counter[str]] = {"available": Counter(), "pending": Counter()}
    for row in ctx.rows(TRANSACTION):
        sums[_dated(ctx, row.data)["status"]][row.data["currency"]] += row.data["net"]
    shown = {
        name: [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in sorted(found.items())
        ]
        for name, found in sums.items()
    }
    return {"object": "balance", "livemode": False, **shown}
