"""Charges, what they bring, and what of it goes back: balance transactions and refunds."""

from apps.sandbox.stripe import cards, payment_methods
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json

KIND, REFUND = "charge", "refund"
# What Stripe keeps of a charge, and when the rest may be paid out.
FEE_PER_MILLE, FEE_FIXED, PENDING_S = 29, 30, 2 * 24 * 3600
LATER_S = 60


def make(ctx: Context, intent: Json, method: Json, *, captured: bool) -> Json:
    charge = ctx.create(
        KIND,
        _blank(intent, method)
        | {
            "amount_captured": intent["amount"] if captured else 0,
            "captured": captured,
            "outcome": _outcome("authorized", None),
            "paid": True,
            "status": "succeeded",
        },
    )
    return book(ctx, charge) if captured else charge


def fail(ctx: Context, intent: Json, method: Json, decline: str) -> Json:
    charge = ctx.create(
        KIND,
        _blank(intent, method)
        | {
            "failure_code": cards.code_of(decline),
            "failure_message": cards.message_of(decline),
            "outcome": _outcome("issuer_declined", decline),
            "status": "failed",
        },
    )
    ctx.emit("charge.failed", charge)
    return charge


def _outcome(kind: str, reason: str | None) -> Json:
    is_good = kind == "authorized"
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network" if is_good else "declined_by_network",
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": "Payment complete."
        if is_good
        else "The bank did not accept the payment.",
        "type": kind,
    }


def _blank(intent: Json, method: Json) -> Json:
    shown = {name: value for name, value in method["card"].items() if name != "generated_from"}
    return {
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": False,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {
            "card": shown
            | {
                "amount_authorized": intent["amount"],
                "network": method["card"]["brand"],
                "three_d_secure": None,
            },
            "type": "card",
        },
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "transfer_data": None,
        "transfer_group": None,
    }


def book(ctx: Context, charge: Json) -> Json:
    """The money of a captured charge."""
    amount = charge["amount_captured"]
    fee = (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED
    transaction = transact(ctx, charge, amount, fee=fee, kind="charge")
    return ctx.save(charge | {"balance_transaction": transaction["id"]})


def transact(ctx: Context, source: Json, amount: int, *, fee: int, kind: str) -> Json:
    details = {
        "amount": fee,
        "application": None,
        "currency": source["currency"],
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    return ctx.create(
        "balance_transaction",
        {
            "amount": amount,
            "available_on": ctx.now + PENDING_S,
            "balance_type": "payments",
            "currency": source["currency"],
            "description": source.get("description"),
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [details] if fee else [],
            "net": amount - fee,
            "reporting_category": "dispute" if kind == "adjustment" else kind,
            "source": source["id"],
            "status": "pending",
            "type": kind,
        },
    )


def capture(ctx: Context, charge_id: str, amount: int) -> Json:
    charge = ctx.get(KIND, charge_id)
    rest = charge["amount"] - amount
    changes = {"amount_captured": amount, "amount_refunded": rest, "captured": True}
    charge = book(ctx, charge | changes)
    ctx.emit("charge.captured", charge)
    return charge


def release(ctx: Context, charge_id: str) -> None:
    """An authorization that is not captured goes back."""
    charge = ctx.get(KIND, charge_id)
    changes = {"amount_refunded": charge["amount"], "refunded": True}
    ctx.change(charge, changes, "charge.refunded")


def refund(
    ctx: Context, charge: Json, amount: int | None, *, reason: str | None, metadata: Json
) -> Json:
    """Raises Invalid where less than the amount is left."""
    ctx = ctx.on_clock_of(charge)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if not charge["paid"] or not charge["captured"]:
        raise Invalid("This charge was not captured: there is nothing to refund.", param="charge")
    if charge["disputed"]:
        raise Invalid(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if left <= 0:
        raise Invalid(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount = left if amount is None else amount
    if amount <= 0:
        raise Invalid("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > left:
        raise Invalid(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            param="amount",
        )
    way = _way_of_refund(ctx, charge)
    refund_id = random_id("re_")
    source = {"id": refund_id, "currency": charge["currency"], "description": "REFUND FOR CHARGE"}
    transaction = transact(ctx, source, -amount, fee=0, kind="refund")
    made = ctx.create(
        REFUND,
        {
            "amount": amount,
            "balance_transaction": transaction["id"],
            "charge": charge["id"],
            "currency": charge["currency"],
            "destination_details": {
                "card": {
                    "reference_status": "pending",
                    "reference_type": "acquirer_reference_number",
                    "type": "refund",
                },
                "type": "card",
            },
            "metadata": metadata,
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "pending" if way == "pending" else "succeeded",
            "transfer_reversal": None,
            "_way": way,
        },
        object_id=refund_id,
        due_at=ctx.now + LATER_S if way else None,
    )
    refunded = charge["amount_refunded"] + amount
    changes = {"amount_refunded": refunded, "refunded": refunded == charge["amount_captured"]}
    ctx.change(charge, changes, "charge.refunded")
    ctx.emit("refund.created", made)
    return made


def _way_of_refund(ctx: Context, charge: Json) -> str:
    """Of a payment method that may be gone by now."""
    row = ctx.rows(payment_methods.KIND).get(object_id=charge["payment_method"])
    return payment_methods.card_of(row.data).refund


def refund_later(ctx: Context, found: Json) -> None:
    """A refund that was pending succeeds, one that seemed to succeed fails."""
    if found["_way"] == "pending":
        _refund_tell(ctx, found, {"status": "succeeded"})
        return
    source = found | {"description": "REFUND FAILURE"}
    back = transact(ctx, source, found["amount"], fee=0, kind="refund_failure")
    changes = {
        "failure_balance_transaction": back["id"],
        "failure_reason": "unknown",
        "status": "failed",
    }
    charge = ctx.get(KIND, found["charge"])
    refunded = charge["amount_refunded"] - found["amount"]
    ctx.change(charge, {"amount_refunded": refunded, "refunded": False})
    _refund_tell(ctx, found, changes)
    ctx.emit("refund.failed", found | changes)


def _refund_tell(ctx: Context, found: Json, changes: Json) -> None:
    after_ = ctx.change(found, changes, "refund.updated", due_at=None)
    ctx.emit("charge.refund.updated", after_)
