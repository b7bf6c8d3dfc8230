"""Invoices are collected: finalized, charged or sent, tried again, closed.

https://docs.stripe.com/billing/collection-method

A failed renewal is tried again some days after the first attempt; what happens after the last one is a
setting of the account, too (`switches.billing`).
"""

from typing import Any

from apps.sandbox.stripe import (
    invoice_drafts,
    invoices,
    payment_sources,
    payments,
    subscription_status,
    switches,
)
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import CardError, Invalid
from apps.sandbox.stripe.registry import Json

DAY_S = 24 * 3600


# --- Open ------------------------------------------------------------------------------------------------


def finalize(ctx: Context, invoice: Json, *, auto_advance: bool | None = None) -> Json:
    """What costs nothing is paid at once; for what does, there is a payment intent to confirm."""
    invoice = invoices.finalize(ctx, invoice, auto_advance=auto_advance)
    if not invoice["amount_due"]:
        return settled(ctx, invoice, amount=0)
    _payment_create(ctx, invoice, payments.intent_create(ctx, invoice)["id"])
    return invoice


def paid_by(ctx: Context, invoice: Json, intent: Json) -> Json:
    """A draft of what an intent has paid before there was an invoice."""
    invoice = invoices.finalize(ctx, invoice, auto_advance=False)
    _payment_create(ctx, invoice, intent["id"])
    return settled(ctx, invoice, amount=intent["amount"])


def _payment_create(ctx: Context, invoice: Json, intent_id: str) -> None:
    ctx.create(
        "invoice_payment",
        {
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "payment": {"payment_intent": intent_id, "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        },
    )


def payment_of(ctx: Context, invoice_id: str) -> Json | None:
    found = ctx.find("invoice_payment", invoice=invoice_id, is_default=True)
    return found[0] if found else None


def intent_of(ctx: Context, invoice_id: str) -> Json | None:
    payment = payment_of(ctx, invoice_id)
    return ctx.get("payment_intent", payment["payment"]["payment_intent"]) if payment else None


# --- Paid ------------------------------------------------------------------------------------------------


def settled(ctx: Context, invoice: Json, *, amount: int, off_stripe: bool = False) -> Json:
    """Nothing is owed any more; its subscription hears of it."""
    payment = payment_of(ctx, invoice["id"])
    if payment and payment["status"] == "open":
        paid = amount and not off_stripe
        changes = {
            "amount_paid": amount if paid else None,
            "status": "paid" if paid else "canceled",
            "status_transitions": payment["status_transitions"]
            | {"paid_at" if paid else "canceled_at": ctx.now},
        }
        after = ctx.change(payment, changes)
        if paid:
            ctx.emit("invoice_payment.paid", after)
        else:
            _cancel_intent(ctx, payment)
    invoice = invoices.paid(ctx, invoice, amount=amount, off_stripe=off_stripe)
    subscription_status.after_payment(ctx, invoice)
    return invoice


def intent_succeeded(ctx: Context, intent: Json) -> None:
    """Called for every payment intent that succeeds: the one of an invoice pays it."""
    found = ctx.find("invoice_payment", payment={"payment_intent": intent["id"]}, status="open")
    for payment in found:
        invoice = ctx.get("invoice", payment["invoice"])
        if invoice["status"] in {"open", "uncollectible"}:
            invoice = ctx.change(invoice, {"_paid_with": intent["payment_method"]})
            settled(ctx, invoice, amount=intent["amount"])


def attempt(
    ctx: Context,
    invoice: Json,
    method: str,
    *,
    off_session: bool,
    is_by_hand: bool = False,
    retries: bool = True,
) -> tuple[Json, CardError | None]:
    """One attempt to charge; what failed is tried again later, if it may be.

    is_by_hand: after the first attempt, neither counted nor a reason to try at another time.
    Publishes invoice.paid, or invoice.payment_failed (and payment_action_required).
    """
    intent = intent_of(ctx, invoice["id"])
    if intent is None:
        raise Invalid("This invoice has no payment intent.", code="invoice_payment_intent_missing")
    counts = not (is_by_hand and invoice["attempt_count"])
    counted = {
        "attempt_count": invoice["attempt_count"] + counts,
        "attempted": True,
        "_first_attempt_at": invoice.get("_first_attempt_at") or ctx.now,
    }
    invoice = ctx.change(invoice, counted)
    # A success comes back by `intent_succeeded`.
    intent, error = payments.confirm(ctx, intent, method, off_session=off_session)
    invoice = ctx.get("invoice", invoice["id"])
    if intent["status"] in {"succeeded", "processing"}:
        return invoice, None
    is_first = _is_first_of_incomplete(ctx, invoice)
    plans = counts and retries and not is_first
    if counts:
        again = _next_attempt(ctx, invoice) if plans else None
        changes = {"next_payment_attempt": again}
        invoice = ctx.change(invoice, changes, "invoice.updated", due_at=again)
    if intent["status"] == "requires_action":
        ctx.emit("invoice.payment_action_required", invoice)
    ctx.emit("invoice.payment_failed", invoice)
    subscription_status.after_failure(ctx, invoice)
    if plans and invoice["auto_advance"] and invoice["next_payment_attempt"] is None:
        _after_last(ctx, invoice)
    return ctx.get("invoice", invoice["id"]), error


def _is_first_of_incomplete(ctx: Context, invoice: Json) -> bool:
    subscription_id = invoices.subscription_of(invoice)
    if subscription_id is None:
        return False
    return bool(ctx.get("subscription", subscription_id)["status"] == "incomplete")


def _next_attempt(ctx: Context, invoice: Json) -> int | None:
    days = switches.billing(ctx.account)["retry_days"]
    done = invoice["attempt_count"]
    if not invoice["auto_advance"] or done > len(days):
        return None
    return max(invoice["_first_attempt_at"] + days[done - 1] * DAY_S, ctx.now + 1)


def _after_last(ctx: Context, invoice: Json) -> None:
    becomes = switches.billing(ctx.account)["after_retries"]
    invoice = ctx.change(invoice, {"auto_advance": False}, "invoice.updated", due_at=None)
    subscription_status.after_last_retry(ctx, invoice, becomes)


def collect_first(
    ctx: Context, invoice: Json, *, off_session: bool, fails: bool, retries: bool = True
) -> Json:
    """An invoice that is charged within the request that made it. fails: or the request is refused.

    Raises CardError, which then undoes all.
    """
    invoice = finalize(ctx, invoice, auto_advance=True)
    if invoice["status"] != "open":
        return invoice
    customer = ctx.get("customer", invoice["customer"])
    subscription_id = invoices.subscription_of(invoice)
    subscription = ctx.get("subscription", subscription_id) if subscription_id else None
    method = payment_sources.method_of(ctx, customer, subscription, invoice)
    if method is None:
        subscription_status.after_failure(ctx, invoice)
        return invoice
    invoice, error = attempt(ctx, invoice, method, off_session=off_session, retries=retries)
    if fails and invoice["status"] == "open":
        raise _refusal(error)
    return invoice


def _refusal(error: CardError | None) -> CardError:
    refused = error or CardError(
        "This payment requires additional user action before it can be completed successfully. Payment "
        "can be completed using the PaymentIntent associated with the subscription's latest invoice.",
        code="subscription_payment_intent_requires_action",
    )
    refused.keeps_changes = False
    return refused


# --- By hand ---------------------------------------------------------------------------------------------


def pay(ctx: Context, invoice: Json, params: Json) -> Json:
    """Raises Invalid, and CardError with what was tried kept."""
    if invoice["status"] == "draft":
        invoice = finalize(ctx, invoice)
    if invoice["status"] == "paid":
        raise Invalid("Invoice is already paid", code="invoice_already_paid")
    invoices.require(invoice, "open", "uncollectible", verb="pay")
    if params.get("paid_out_of_band"):
        return settled(ctx, invoice, amount=invoice["amount_remaining"], off_stripe=True)
    customer = ctx.get("customer", invoice["customer"])
    subscription_id = invoices.subscription_of(invoice)
    subscription = ctx.get("subscription", subscription_id) if subscription_id else None
    method = params.get("payment_method") or params.get("source")
    method = payment_sources.check_method(ctx, customer, method) or payment_sources.method_of(
        ctx, customer, subscription, invoice
    )
    if method is None:
        raise Invalid(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a "
            "`default_payment_method` prior to paying the invoice.",
            code="resource_missing",
        )
    off_session = params.get("off_session", True)
    invoice, error = attempt(ctx, invoice, method, off_session=off_session, is_by_hand=True)
    if invoice["status"] == "paid":
        return invoice
    raise error or CardError(
        "This payment requires additional user action before it can be completed successfully. Payment "
        "can be completed using the PaymentIntent associated with the invoice.",
        code="invoice_payment_intent_requires_action",
    )


def send(ctx: Context, invoice: Json) -> Json:
    if invoice["status"] == "draft":
        invoice = finalize(ctx, invoice)
    if invoice["collection_method"] != "send_invoice":
        raise Invalid(
            "You can only manually send an invoice if its collection method is 'send_invoice'."
        )
    invoices.require(invoice, "open", "paid", verb="send")
    ctx.emit("invoice.sent", invoice)
    return invoice


def void(ctx: Context, invoice: Json) -> Json:
    invoice = invoices.void(ctx, invoice)
    _drop_payment(ctx, invoice)
    subscription_status.after_payment(ctx, invoice)
    return invoice


def give_up(ctx: Context, invoice: Json) -> Json:
    """Mark as uncollectible; it may still be paid."""
    invoice = invoices.mark_uncollectible(ctx, invoice)
    subscription_status.after_payment(ctx, invoice)
    return invoice


def _drop_payment(ctx: Context, invoice: Json) -> None:
    payment = payment_of(ctx, invoice["id"])
    if payment and payment["status"] == "open":
        transitions = payment["status_transitions"] | {"canceled_at": ctx.now}
        ctx.change(payment, {"status": "canceled", "status_transitions": transitions})
        _cancel_intent(ctx, payment)


def _cancel_intent(ctx: Context, payment: Json) -> None:
    """Somebody may have canceled it by itself."""
    intent = ctx.get("payment_intent", payment["payment"]["payment_intent"])
    if intent["status"] not in {"canceled", "succeeded"}:
        payments.cancel(ctx, intent["id"])


def reprice(ctx: Context, invoice: Json) -> None:
    """What is owed of an open invoice changed, by a credit note."""
    payment = payment_of(ctx, invoice["id"])
    if payment:
        ctx.save(payment | {"amount_requested": invoice["amount_remaining"]})
        payments.resize(ctx, payment["payment"]["payment_intent"], invoice["amount_remaining"])


def refund(ctx: Context, invoice: Json, amount: int, *, reason: str | None) -> Json:
    intent = intent_of(ctx, invoice["id"])
    if intent is None or intent["status"] != "succeeded":
        raise Invalid(
            "The invoice was not paid by a charge that can be refunded.", param="refund_amount"
        )
    return payments.refund(ctx, intent, amount, reason)


def advancing(ctx: Context, invoice: Json, changes: Json) -> Json:
    """auto_advance of an open invoice: from now on it is tried by itself, or not."""
    due: int | None = invoice["due_date"]
    if invoice["status"] == "open" and "auto_advance" in changes:
        tries = changes["auto_advance"] and invoice["collection_method"] == "charge_automatically"
        changes["next_payment_attempt"] = ctx.now + invoice_drafts.HOUR_S if tries else None
        due = changes["next_payment_attempt"] or due
        return ctx.change(invoice, changes, "invoice.updated", due_at=due)
    return ctx.change(invoice, changes, "invoice.updated")


# --- By the clock ----------------------------------------------------------------------------------------


def due(ctx: Context, invoice: Json) -> None:
    """A draft whose hour is over, an attempt that is due, or a day by which it was to be paid."""
    if invoice["status"] == "draft":
        invoice = finalize(ctx, invoice)
        if invoice["status"] != "open":
            return
        if invoice["collection_method"] == "send_invoice":
            ctx.emit("invoice.sent", invoice)
            return
    elif invoice["collection_method"] == "send_invoice":
        ctx.save(invoice, due_at=None)
        ctx.emit("invoice.overdue", invoice)
        subscription_status.after_failure(ctx, invoice)
        return
    _attempt_due(ctx, invoice)


def _attempt_due(ctx: Context, invoice: Json) -> None:
    customer = ctx.get("customer", invoice["customer"])
    subscription_id = invoices.subscription_of(invoice)
    subscription: Any = ctx.get("subscription", subscription_id) if subscription_id else None
    if subscription and subscription["pause_collection"]:
        ctx.change(invoice, {"next_payment_attempt": None}, due_at=None)
        return
    method = payment_sources.method_of(ctx, customer, subscription, invoice)
    attempt(ctx, invoice, method or "", off_session=True)
