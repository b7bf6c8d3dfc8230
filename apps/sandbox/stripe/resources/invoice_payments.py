"""https://docs.stripe.com/api/invoice-payment (since 2025-03-31)"""

from apps.sandbox.stripe import collection, listing
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.registry import Json, kind, on_event, route

KIND = "invoice_payment"
kind(KIND, prefix="inpay_")


@route("GET", "/v1/invoice_payments/{payment}", "InvoicePaymentRetrieveParams")
def retrieve(ctx: Context, params: Json, payment: str) -> Json:
    return ctx.get(KIND, payment)


@route("GET", "/v1/invoice_payments", "InvoicePaymentListParams")
def index(ctx: Context, params: Json) -> Json:
    having = {"invoice": params.get("invoice"), "status": params.get("status")}
    if wished := params.get("payment"):
        having["payment"] = {name: value for name, value in wished.items() if value is not None}
    return listing.page(ctx, KIND, params, having=having)


@on_event("payment_intent.succeeded")
def paid(ctx: Context, intent: Json) -> None:
    """Whoever confirmed it: the intent of an invoice pays the invoice."""
    collection.intent_succeeded(ctx, intent)
