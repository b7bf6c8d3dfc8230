"""https://docs.stripe.com/api/invoiceitems"""

from apps.sandbox.stripe import (
    invoice_drafts,
    invoice_items,
    invoices,
    listing,
    pricing,
    subscription_items,
)
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json, kind, renders, route

KIND = "invoiceitem"
kind(KIND, prefix="ii_", fields=("invoice_item",))


@route("POST", "/v1/invoiceitems", "InvoiceItemCreateParams", old_params=("price", "unit_amount"))
def create(ctx: Context, params: Json) -> Json:
    invoice = None
    if params.get("invoice"):
        invoice = ctx.get("invoice", params["invoice"], param="invoice")
        invoices.require(invoice, "draft", verb="add items to")
    made = invoice_items.create(ctx, params)
    if invoice:
        if made["currency"] != invoice["currency"]:
            raise Invalid(
                f"The currency of the invoice item ({made['currency']}) is not the invoice's "
                f"({invoice['currency']}).",
                param="currency",
            )
        ctx = ctx.on_clock_of(invoice)
        line = invoice_items.line_of(ctx, made) | {"invoice": invoice["id"]}
        _relined(ctx, invoice, [*invoice["lines"]["data"], line])
    return made


@route("GET", "/v1/invoiceitems/{item}", "InvoiceItemRetrieveParams")
def retrieve(ctx: Context, params: Json, item: str) -> Json:
    return ctx.get(KIND, item)


@route("POST", "/v1/invoiceitems/{item}", "InvoiceItemModifyParams")
def update(ctx: Context, params: Json, item: str) -> Json:
    found = ctx.get(KIND, item)
    ctx = ctx.on_clock_of(found)
    invoice = _draft_of(ctx, found, "update")
    names = ("amount", "description", "discountable", "period", "quantity")
    changes = {name: params[name] for name in names if name in params}
    if "amount" in changes:
        changes["net_amount"] = changes["amount"]
        priced = {"unit_amount_decimal": str(changes["amount"]), "price_details": None}
        changes["pricing"] = found["pricing"] | priced
    elif "quantity" in changes:
        unit = pricing.unit_amount({"unit_amount_decimal": found["pricing"]["unit_amount_decimal"]})
        amount = pricing.rounded(unit * changes["quantity"])
        changes |= {"amount": amount, "net_amount": amount}
        changes["quantity_decimal"] = str(changes["quantity"])
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    if "tax_rates" in params:
        changes["tax_rates"] = subscription_items.rates(ctx, params["tax_rates"])
    after = ctx.change(found, changes)
    if invoice:
        data = [
            one
            if invoice_items.item_of(one) != item
            else invoice_items.line_of(ctx, after) | {"id": one["id"], "invoice": invoice["id"]}
            for one in invoice["lines"]["data"]
        ]
        _relined(ctx, invoice, data)
    return after


@route("DELETE", "/v1/invoiceitems/{item}", "InvoiceItemDeleteParams")
def delete(ctx: Context, params: Json, item: str) -> Json:
    found = ctx.get(KIND, item)
    ctx = ctx.on_clock_of(found)
    invoice = _draft_of(ctx, found, "delete")
    gone = ctx.delete(found)
    ctx.emit("invoiceitem.deleted", found)
    if invoice:
        left = [one for one in invoice["lines"]["data"] if invoice_items.item_of(one) != item]
        _relined(ctx, invoice, left)
    return gone


@route("GET", "/v1/invoiceitems", "InvoiceItemListParams")
def index(ctx: Context, params: Json) -> Json:
    rows = ctx.rows(KIND).filter(is_deleted=False)
    for name in ("customer", "invoice"):
        if params.get(name):
            rows = rows.filter(**{f"data__{name}": params[name]})
    if params.get("pending"):
        rows = rows.filter(data__contains={"invoice": None})
    return listing.rows_page(ctx, KIND, rows, params)


def _draft_of(ctx: Context, item: Json, verb: str) -> Json | None:
    if item["invoice"] is None:
        return None
    invoice = ctx.get("invoice", item["invoice"])
    if invoice["status"] != "draft":
        raise Invalid(
            f"You can't {verb} an invoice item of an invoice that is finalized.",
            code="invoice_not_editable",
        )
    return invoice


def _relined(ctx: Context, invoice: Json, data: list[Json]) -> None:
    invoice_drafts.recompute(ctx, invoice, {"lines": invoice["lines"] | {"data": data}})


@renders(KIND, before="2025-03-31")
def before_basil(ctx: Context, found: Json) -> Json:
    of = invoice_items.subscription_of(found)
    details = found["pricing"]["price_details"]
    price = dict(ctx.rows("price").get(object_id=details["price"]).data) if details else None
    exact = found["pricing"]["unit_amount_decimal"]
    shown = {name: value for name, value in found.items() if name not in _NEW}
    return shown | {
        "plan": None,
        "price": price,
        "subscription": of.get("subscription"),
        "unit_amount": None if "." in exact else int(exact),
        "unit_amount_decimal": exact,
        **({"subscription_item": of["subscription_item"]} if of.get("subscription_item") else {}),
    }


_NEW = (
    "customer_account",
    "net_amount",
    "parent",
    "pricing",
    "proration_details",
    "quantity_decimal",
)
