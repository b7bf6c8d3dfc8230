"""https://docs.stripe.com/api/invoices"""

from apps.sandbox.stripe import (
    collection,
    discounts,
    embedded,
    invoice_drafts,
    invoice_items,
    invoices,
    listing,
    previews,
    subscription_items,
)
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json, includes, kind, on_due, renders, route

KIND = "invoice"
kind(KIND, prefix="in_", fields=("latest_invoice",))
kind("line_item", prefix="il_")
PLAIN = (
    "auto_advance",
    "custom_fields",
    "default_payment_method",
    "description",
    "effective_at",
    "footer",
    "number",
    "statement_descriptor",
)
NOT_PLAYED = (
    "application_fee_amount",
    "from_invoice",
    "on_behalf_of",
    "shipping_cost",
    "transfer_data",
)


@route("POST", "/v1/invoices", "InvoiceCreateParams")
def create(ctx: Context, params: Json) -> Json:
    """Of a customer, with what waits for it, or of one of its subscriptions."""
    customer = ctx.get("customer", params.get("customer"), param="customer")
    ctx = ctx.on_clock_of(customer)
    subscription = None
    if params.get("subscription"):
        subscription = ctx.get("subscription", params["subscription"], param="subscription")
    currency = (params.get("currency") or customer.get("currency") or "usd").lower()
    lines = []
    # In versions before 2022-08-01 all were taken, since then none that is not asked for.
    if params.get("pending_invoice_items_behavior") == "include" or subscription:
        waiting = invoice_items.pending(ctx, customer["id"], params.get("subscription"), currency)
        lines = [invoice_items.line_of(ctx, one) for one in waiting]
    if subscription and not lines:
        raise Invalid(
            "Nothing to invoice for subscription", code="invoice_no_subscription_line_items"
        )
    if params.get("discounts") is not None:
        params["discounts"] = [
            discounts.redeem(
                ctx, one, param=f"discounts[{at}]", currency=currency, customer=customer["id"]
            )
            for at, one in enumerate(params["discounts"] or [])
        ]
    return invoice_drafts.draft(
        ctx,
        customer=customer,
        currency=currency,
        billing_reason="manual",
        lines=lines,
        subscription=subscription,
        **_changes(ctx, {}, params),
    )


def _changes(ctx: Context, found: Json, params: Json) -> Json:
    for name in NOT_PLAYED:
        if params.get(name):
            raise Invalid(f"The sandbox's Stripe does not play {name}.", param=name)
    changes: Json = {name: params[name] for name in PLAIN if name in params}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found.get("metadata"), params["metadata"])
    if params.get("collection_method"):
        changes["collection_method"] = params["collection_method"]
    if params.get("days_until_due") is not None:
        changes["_days_until_due"] = params["days_until_due"]
    if params.get("due_date") is not None:
        changes["due_date"] = params["due_date"]
    if params.get("automatically_finalizes_at") is not None:
        changes["automatically_finalizes_at"] = params["automatically_finalizes_at"]
    if "default_tax_rates" in params:
        rates = subscription_items.rates(ctx, params["default_tax_rates"])
        changes["default_tax_rates"] = rates
    if "discounts" in params:
        changes["discounts"] = params["discounts"]
    if params.get("payment_settings"):
        changes["payment_settings"] = {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        } | params["payment_settings"]
    if (params.get("automatic_tax") or {}).get("enabled"):
        raise Invalid(
            "The sandbox's Stripe does not reckon taxes by itself: use tax rates.",
            param="automatic_tax[enabled]",
        )
    wished = changes.get("collection_method") or found.get("collection_method")
    due = {"due_date", "_days_until_due"} & set(changes)
    if due and wished != "send_invoice":
        raise Invalid(
            "You can only set a due date for invoices with collection_method=send_invoice.",
            param="due_date",
        )
    return changes


@route("POST", "/v1/invoices/create_preview", "InvoiceCreatePreviewParams")
def create_preview(ctx: Context, params: Json) -> Json:
    return previews.create(ctx, params)


@route("GET", "/v1/invoices/upcoming", old_params=previews.UPCOMING)
def upcoming(ctx: Context, params: Json) -> Json:
    """Of versions before 2025-03-31."""
    return previews.create(ctx, previews.from_upcoming(params))


@route("GET", "/v1/invoices/upcoming/lines", old_params=(*previews.UPCOMING, *previews.PAGING))
def upcoming_lines(ctx: Context, params: Json) -> Json:
    found = previews.create(ctx, previews.from_upcoming(params))
    return embedded.page(ctx, found["lines"]["data"], params)


@route("GET", "/v1/invoices/search", "InvoiceSearchParams")
def search(ctx: Context, params: Json) -> Json:
    return listing.search(ctx, KIND, params)


@route("GET", "/v1/invoices/{invoice}", "InvoiceRetrieveParams")
def retrieve(ctx: Context, params: Json, invoice: str) -> Json:
    return ctx.get(KIND, invoice)


@route("POST", "/v1/invoices/{invoice}", "InvoiceModifyParams")
def update(ctx: Context, params: Json, invoice: str) -> Json:
    found = ctx.get(KIND, invoice)
    ctx = ctx.on_clock_of(found)
    if found["status"] != "draft":
        if more := set(params) - {"metadata", "auto_advance", "default_payment_method"}:
            raise Invalid(
                f"Finalized invoices can't be updated in this way: {min(more)}.",
                code="invoice_not_editable",
                param=min(more),
            )
        changes = _changes(ctx, found, params)
        return collection.advancing(ctx, found, changes)
    if "discounts" in params:
        params["discounts"] = discounts.replaced(
            ctx,
            [],
            params["discounts"],
            currency=found["currency"],
            customer=found["customer"],
            invoice=found["id"],
        )
    changes = _changes(ctx, found, params)
    if changes.get("auto_advance") and not found["auto_advance"]:
        changes.setdefault("automatically_finalizes_at", ctx.now + invoice_drafts.HOUR_S)
    return invoice_drafts.recompute(ctx, found, changes)


@route("DELETE", "/v1/invoices/{invoice}", "InvoiceDeleteParams")
def delete(ctx: Context, params: Json, invoice: str) -> Json:
    found = ctx.get(KIND, invoice)
    ctx = ctx.on_clock_of(found)
    invoices.require(found, "draft", verb="delete")
    if invoices.subscription_of(found):
        raise Invalid("You can't delete invoices created by subscriptions.", param="id")
    invoice_items.detach(ctx, found)
    gone = ctx.delete(found)
    ctx.emit("invoice.deleted", found)
    return gone


@route("POST", "/v1/invoices/{invoice}/finalize", "InvoiceFinalizeInvoiceParams")
def finalize(ctx: Context, params: Json, invoice: str) -> Json:
    found = ctx.get(KIND, invoice)
    ctx = ctx.on_clock_of(found)
    return collection.finalize(ctx, found, auto_advance=params.get("auto_advance"))


@route("POST", "/v1/invoices/{invoice}/pay", "InvoicePayParams")
def pay(ctx: Context, params: Json, invoice: str) -> Json:
    found = ctx.get(KIND, invoice)
    return collection.pay(ctx.on_clock_of(found), found, params)


@route("POST", "/v1/invoices/{invoice}/send", "InvoiceSendInvoiceParams")
def send(ctx: Context, params: Json, invoice: str) -> Json:
    found = ctx.get(KIND, invoice)
    return collection.send(ctx.on_clock_of(found), found)


@route("POST", "/v1/invoices/{invoice}/void", "InvoiceVoidInvoiceParams")
def void(ctx: Context, params: Json, invoice: str) -> Json:
    found = ctx.get(KIND, invoice)
    return collection.void(ctx.on_clock_of(found), found)


@route("POST", "/v1/invoices/{invoice}/mark_uncollectible", "InvoiceMarkUncollectibleParams")
def mark_uncollectible(ctx: Context, params: Json, invoice: str) -> Json:
    found = ctx.get(KIND, invoice)
    return collection.give_up(ctx.on_clock_of(found), found)


@route("GET", "/v1/invoices/{invoice}/lines", "InvoiceListLinesParams")
def lines(ctx: Context, params: Json, invoice: str) -> Json:
    return embedded.page(ctx, ctx.get(KIND, invoice)["lines"]["data"], params)


@route("GET", "/v1/invoices", "InvoiceListParams")
def index(ctx: Context, params: Json) -> Json:
    having = {name: params.get(name) for name in ("customer", "status", "collection_method")}
    if params.get("subscription"):
        details = {"subscription": params["subscription"]}
        having["parent"] = {"subscription_details": details}
    return listing.page(ctx, KIND, params, having=having)


@on_due(KIND)
def due(ctx: Context, found: Json) -> None:
    collection.due(ctx, found)


@includes(KIND, "payments")
def payments(ctx: Context, found: Json) -> Json:
    paid = ctx.find("invoice_payment", invoice=found["id"])
    return listing.of(paid, f"/v1/invoice_payments?invoice={found['id']}")


@includes(KIND, "confirmation_secret")
def confirmation_secret(ctx: Context, found: Json) -> Json | None:
    intent = collection.intent_of(ctx, found["id"])
    if intent is None or found["status"] == "draft":
        return None
    return {"client_secret": intent["client_secret"], "type": "payment_intent"}


@renders(KIND, before="9999-12-31")
def first_lines(ctx: Context, found: Json) -> Json:
    """Of every version: an invoice shows ten of its lines, the rest is listed."""
    return found | {"lines": embedded.first(found["lines"])}
