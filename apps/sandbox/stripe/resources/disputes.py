from apps.sandbox.stripe import disputes, listing
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.disputes import KIND
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json, kind, on_due, route

kind(KIND, prefix="du_")


@route("GET", "/v1/disputes/{dispute}", "DisputeRetrieveParams")
def retrieve(ctx: Context, params: Json, dispute: str) -> Json:
    return ctx.get(KIND, dispute)


@route("POST", "/v1/disputes/{dispute}", "DisputeUpdateParams")
def update(ctx: Context, params: Json, dispute: str) -> Json:
    """The magic texts of Stripe's test mode decide: winning_evidence, losing_evidence."""
    found = ctx.get(KIND, dispute)
    if found["status"] != "needs_response":
        raise Invalid("This dispute is already closed.", code="dispute_closed")
    changes: Json = {}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    evidence = params.get("evidence") or {}
    if evidence:
        is_submitted = params.get("submit", True)
        details = found["evidence_details"]
        changes["evidence"] = found["evidence"] | evidence
        changes["evidence_details"] = details | {
            "has_evidence": True,
            "submission_count": details["submission_count"] + is_submitted,
        }
        if is_submitted:
            changes["status"] = "under_review"
    found = ctx.change(found, changes, "charge.dispute.updated", due_at=_due_at(found, changes))
    text = evidence.get("uncategorized_text")
    if changes.get("status") and text in {"winning_evidence", "losing_evidence"}:
        return disputes.close(ctx, found, won=text == "winning_evidence")
    return found


def _due_at(found: Json, changes: Json) -> int | None:
    """What is with the bank waits for nobody here."""
    is_submitted = changes.get("status") == "under_review"
    return None if is_submitted else int(found["evidence_details"]["due_by"])


@route("POST", "/v1/disputes/{dispute}/close", "DisputeCloseParams")
def close(ctx: Context, params: Json, dispute: str) -> Json:
    found = ctx.get(KIND, dispute)
    if found["status"] in {"won", "lost"}:
        raise Invalid("This dispute is already closed.", code="dispute_closed")
    return disputes.close(ctx, found, won=False)


@route("GET", "/v1/disputes", "DisputeListParams")
def index(ctx: Context, params: Json) -> Json:
    having = {name: params.get(name) for name in ("charge", "payment_intent")}
    return listing.page(ctx, KIND, params, having=having)


@on_due(KIND)
def lose(ctx: Context, found: Json) -> None:
    """Nobody answered."""
    disputes.close(ctx, found, won=False)
