"""The life of an invoice: draft, open, paid, void, uncollectible (https://docs.stripe.com/invoicing).

What is collected, and retried, is in `collection`; lines and sums are in `invoice_lines`.
"""

import secrets

from apps.sandbox.stripe import balances, intents, invoice_drafts
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json

DAY_S = 24 * 3600
# Below it nothing is charged: what is owed goes to the customer's balance.
MINIMUM_CHARGE = 50


def require(invoice: Json, *statuses: str, verb: str) -> None:
    if invoice["status"] not in statuses:
        raise Invalid(
            f"You can only {verb} invoices that are {' or '.join(statuses)}. "
            f"This invoice is {invoice['status']}.",
            code="invoice_not_editable" if "draft" in statuses else "",
        )


def finalize(ctx: Context, invoice: Json, *, auto_advance: bool | None = None) -> Json:
    """Give it its number and its day, take what the customer's balance holds. Publishes invoice.finalized.

    What costs nothing is paid at once. The payment intent of what does is made by `collection.prepare`.
    """
    require(invoice, "draft", verb="finalize")
    customer = ctx.get("customer", invoice["customer"])
    changes = invoice_drafts.computed(ctx, invoice, customer) | {"automatically_finalizes_at": None}
    due, balance_after = _due_and_balance(changes)
    if balance_after != changes["starting_balance"]:
        move = balance_after - changes["starting_balance"]
        customer = balances.move(
            ctx, customer, move, kind=_move_kind(changes, due), invoice=invoice["id"]
        )
    number = _number(ctx, customer)
    token = secrets.token_urlsafe(24)
    page = f"/i/{invoice['id']}/{token}/"
    changes |= {
        "amount_due": due,
        "amount_remaining": due,
        "auto_advance": invoice["auto_advance"] if auto_advance is None else auto_advance,
        "due_date": _due_date(ctx, invoice),
        "effective_at": invoice["effective_at"] or ctx.now,
        "ending_balance": balance_after,
        "hosted_invoice_url": intents.hosted(ctx, page),
        "invoice_pdf": intents.hosted(ctx, f"{page}pdf/"),
        "next_payment_attempt": None,
        "number": invoice["number"] or number,
        "status": "open",
        "status_transitions": invoice["status_transitions"] | {"finalized_at": ctx.now},
        "_token": token,
    }
    invoice = ctx.change(invoice, changes, "invoice.updated", due_at=changes["due_date"])
    ctx.emit("invoice.finalized", invoice)
    return invoice


def _due_and_balance(computed_invoice: Json) -> tuple[int, int]:
    """What is to be paid, and the customer's balance afterwards (negative: credit)."""
    total, balance = computed_invoice["total"], computed_invoice["starting_balance"]
    if total < 0:
        return 0, balance + total
    if total == 0:
        return 0, balance
    due = total + balance
    if due <= 0:
        return 0, due
    return (due, 0) if due >= MINIMUM_CHARGE else (0, due)


def _move_kind(invoice: Json, due: int) -> str:
    if invoice["total"] > 0 and 0 < invoice["total"] + invoice["starting_balance"] != due:
        return "invoice_too_small"
    return "applied_to_invoice"


def _due_date(ctx: Context, invoice: Json) -> int | None:
    if invoice["collection_method"] != "send_invoice":
        return None
    days = invoice["_days_until_due"]
    return invoice["due_date"] or ctx.now + (30 if days is None else days) * DAY_S


def _number(ctx: Context, customer: Json) -> str:
    sequence = customer.get("next_invoice_sequence") or 1
    ctx.save(customer | {"next_invoice_sequence": sequence + 1})
    return f"{customer['invoice_prefix']}-{sequence:04d}"


def paid(ctx: Context, invoice: Json, *, amount: int, off_stripe: bool = False) -> Json:
    """Nothing is owed any more. Publishes invoice.paid and invoice.payment_succeeded."""
    changes: Json = {
        "amount_paid": invoice["amount_paid"] + amount,
        "amount_remaining": 0,
        "attempted": True,
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": "paid",
        "status_transitions": invoice["status_transitions"] | {"paid_at": ctx.now},
        "_off_stripe": off_stripe,
    }
    if off_stripe:
        changes["amount_paid_off_stripe"] = amount
    invoice = ctx.change(invoice, changes, "invoice.updated", due_at=None)
    ctx.emit("invoice.paid", invoice)
    ctx.emit("invoice.payment_succeeded", invoice)
    return invoice


def void(ctx: Context, invoice: Json) -> Json:
    require(invoice, "open", "uncollectible", verb="void")
    moved = invoice["ending_balance"] - invoice["starting_balance"]
    if moved:
        customer = ctx.get("customer", invoice["customer"])
        balances.move(ctx, customer, -moved, kind="unapplied_from_invoice", invoice=invoice["id"])
    return _close(ctx, invoice, "void", "voided_at", "invoice.voided")


def mark_uncollectible(ctx: Context, invoice: Json) -> Json:
    require(invoice, "open", verb="mark uncollectible")
    return _close(
        ctx, invoice, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible"
    )


def _close(ctx: Context, invoice: Json, status: str, at: str, event: str) -> Json:
    changes: Json = {
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": status,
        "status_transitions": invoice["status_transitions"] | {at: ctx.now},
    }
    invoice = ctx.change(invoice, changes, "invoice.updated", due_at=None)
    ctx.emit(event, invoice)
    return invoice


def subscription_of(invoice: Json) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details")
    return details["subscription"] if details else None
