"""Disputes: the customer of a charge went to their bank (https://docs.stripe.com/disputes)."""

from apps.sandbox.stripe import charges
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json

KIND = "dispute"
FEE = 1500
EVIDENCE_S = 7 * 24 * 3600


def open_(ctx: Context, charge: Json, reason: str) -> Json:
    """Raises Invalid for a charge that is disputed already, or brought no money."""
    ctx = ctx.on_clock_of(charge)
    if charge["disputed"] or not charge["captured"]:
        raise Invalid("This charge cannot be disputed.", param="charge")
    dispute_id = random_id("du_")
    source = {
        "id": dispute_id,
        "currency": charge["currency"],
        "description": "Chargeback withdrawal",
    }
    amount = charge["amount_captured"] - charge["amount_refunded"]
    withdrawn = charges.transact(ctx, source, -amount, fee=FEE, kind="adjustment")
    made = ctx.create(
        KIND,
        {
            "amount": amount,
            "balance_transactions": [withdrawn],
            "charge": charge["id"],
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": {},
            "evidence_details": {
                "due_by": ctx.now + EVIDENCE_S,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "payment_method_details": {
                "card": {
                    "brand": charge["payment_method_details"]["card"]["brand"],
                    "case_type": "chargeback",
                    "network_reason_code": "10.4",
                },
                "type": "card",
            },
            "reason": reason,
            "status": "needs_response",
        },
        object_id=dispute_id,
        due_at=ctx.now + EVIDENCE_S,
    )
    ctx.change(charge, {"disputed": True}, "charge.updated")
    ctx.emit("charge.dispute.created", made)
    ctx.emit("charge.dispute.funds_withdrawn", made)
    return made


def close(ctx: Context, found: Json, *, won: bool) -> Json:
    ctx = ctx.on_clock_of(found)
    changes: Json = {"status": "won" if won else "lost"}
    if won:
        source = found | {"description": "Chargeback reversal"}
        back = charges.transact(ctx, source, found["amount"], fee=-FEE, kind="adjustment")
        changes["balance_transactions"] = [*found["balance_transactions"], back]
        charge = ctx.get(charges.KIND, found["charge"])
        ctx.change(charge, {"disputed": False}, "charge.updated")
    after_ = ctx.change(found, changes, "charge.dispute.closed", due_at=None)
    if won:
        ctx.emit("charge.dispute.funds_reinstated", after_)
    return after_
