"""https://docs.stripe.com/api/credit_notes"""

from apps.sandbox.stripe import credit_notes, embedded, listing
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.registry import Json, kind, renders, route

KIND = credit_notes.KIND
kind(KIND, prefix="cn_")


@route("POST", "/v1/credit_notes", "CreditNoteCreateParams", old_params=("refund",))
def create(ctx: Context, params: Json) -> Json:
    return credit_notes.create(ctx, params)


@route("GET", "/v1/credit_notes/preview", "CreditNotePreviewParams")
def preview(ctx: Context, params: Json) -> Json:
    return credit_notes.preview(ctx, params)


@route("GET", "/v1/credit_notes/preview/lines", "CreditNotePreviewLinesListParams")
def preview_lines(ctx: Context, params: Json) -> Json:
    given = {name: value for name, value in params.items() if name not in _PAGING}
    return embedded.page(ctx, credit_notes.preview(ctx, given)["lines"]["data"], params)


_PAGING = ("ending_before", "limit", "starting_after")


@route("GET", "/v1/credit_notes/{note}", "CreditNoteRetrieveParams")
def retrieve(ctx: Context, params: Json, note: str) -> Json:
    return ctx.get(KIND, note)


@route("POST", "/v1/credit_notes/{note}", "CreditNoteModifyParams")
def update(ctx: Context, params: Json, note: str) -> Json:
    found = ctx.get(KIND, note)
    changes = {name: params[name] for name in ("memo",) if name in params}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    return ctx.on_clock_of(found).change(found, changes, f"{KIND}.updated")


@route("POST", "/v1/credit_notes/{note}/void", "CreditNoteVoidCreditNoteParams")
def void(ctx: Context, params: Json, note: str) -> Json:
    return credit_notes.void(ctx, ctx.get(KIND, note))


@route("GET", "/v1/credit_notes/{note}/lines", "CreditNoteListLinesParams")
def lines(ctx: Context, params: Json, note: str) -> Json:
    return embedded.page(ctx, ctx.get(KIND, note)["lines"]["data"], params)


@route("GET", "/v1/credit_notes", "CreditNoteListParams")
def index(ctx: Context, params: Json) -> Json:
    having = {name: params.get(name) for name in ("customer", "invoice")}
    return listing.page(ctx, KIND, params, having=having)


@renders(KIND, before="2025-03-31")
def before_basil(ctx: Context, found: Json) -> Json:
    refunds = found["refunds"]
    return found | {
        "refund": refunds[0]["refund"] if refunds else None,
        "tax_amounts": [
            {
                "amount": tax["amount"],
                "inclusive": tax["tax_behavior"] == "inclusive",
                "tax_rate": tax["tax_rate_details"]["tax_rate"],
                "taxability_reason": None,
                "taxable_amount": tax["taxable_amount"],
            }
            for tax in found["total_taxes"]
        ],
    }
