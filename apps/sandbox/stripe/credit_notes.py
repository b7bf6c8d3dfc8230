"""Credit notes: less is owed of an open invoice, or something is given back of a paid one.

https://docs.stripe.com/invoicing/integration/programmatic-credit-notes
"""

import secrets
from decimal import Decimal

from django.db import transaction

from apps.sandbox.stripe import balances, collection, discounting, intents, pricing
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json

KIND = "credit_note"
# How what was paid is given back.
BACK = ("refund_amount", "credit_amount", "out_of_band_amount")


def create(ctx: Context, params: Json) -> Json:
    """Publishes credit_note.created, and what the refund or the rest's payment publishes. Raises Invalid."""
    invoice = ctx.get("invoice", params["invoice"], param="invoice")
    ctx = ctx.on_clock_of(invoice)
    if invoice["status"] not in {"open", "paid", "uncollectible"}:
        raise Invalid(
            "You can only create a credit note for an invoice that is open, paid or uncollectible. "
            f"The invoice is {invoice['status']}.",
            param="invoice",
        )
    for name in ("refunds", "shipping_cost"):
        if params.get(name):
            raise Invalid(f"The sandbox's Stripe does not play {name} here.", param=name)
    lines = _lines(ctx, invoice, params)
    total = sum(one["amount"] - one["discount_amount"] + _on_top(one) for one in lines)
    before = invoice["amount_remaining"] if invoice["status"] == "open" else 0
    pre = min(total, before)
    post = total - pre
    _check(invoice, params, pre, post, total)
    number = len(ctx.find(KIND, invoice=invoice["id"])) + 1
    note = ctx.create(
        KIND,
        _sums(lines)
        | {
            "amount": total,
            "amount_shipping": 0,
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "customer_account": None,
            "customer_balance_transaction": None,
            "effective_at": params.get("effective_at") or ctx.now,
            "invoice": invoice["id"],
            "lines": {"object": "list", "data": lines, "has_more": False, "url": ""},
            "memo": params.get("memo"),
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "number": f"{invoice['number']}-CN-{number:02d}",
            "out_of_band_amount": params.get("out_of_band_amount"),
            "post_payment_amount": post,
            "pre_payment_amount": pre,
            "reason": params.get("reason"),
            "refunds": [],
            "shipping_cost": None,
            "status": "issued",
            "type": "mixed" if pre and post else "post_payment" if post else "pre_payment",
            "voided_at": None,
        },
        object_id=random_id("cn_"),
    )
    token = secrets.token_urlsafe(24)
    note["lines"]["url"] = f"/v1/credit_notes/{note['id']}/lines"
    note |= {"pdf": intents.hosted(ctx, f"/cn/{note['id']}/{token}/pdf/"), "_token": token}
    note = _give_back(ctx, note, invoice, params)
    ctx.emit(f"{KIND}.created", note)
    _less_owed(ctx, invoice["id"], pre, post)
    return note


def preview(ctx: Context, params: Json) -> Json:
    """What `create` would make. Changes nothing."""
    with transaction.atomic():
        found = create(ctx, params)
        transaction.set_rollback(True)
    return found


def _lines(ctx: Context, invoice: Json, params: Json) -> list[Json]:
    given = params.get("lines")
    if given:
        return [_line(invoice, one, f"lines[{index}]") for index, one in enumerate(given)]
    wished = params.get("amount")
    if wished is None:
        wished = sum(params.get(name) or 0 for name in BACK) or None
    if wished is None:
        raise Invalid("You must pass one of `amount` or `lines`.", param="amount")
    if wished <= 0:
        raise Invalid("The amount must be greater than zero.", param="amount")
    return _of_amount(invoice, wished)


def _of_amount(invoice: Json, wished: int) -> list[Json]:
    """An amount of the invoice's total, taken from its lines as they weigh, with their part of tax."""
    lines = [one for one in invoice["lines"]["data"] if _total(one) > 0]
    parts = discounting.split(wished, [_total(one) for one in lines])
    found = []
    for one, part in zip(lines, parts, strict=True):
        if not part:
            continue
        tax = sum(t["amount"] for t in one["taxes"] if t["tax_behavior"] == "exclusive")
        of_tax = pricing.rounded(Decimal(tax) * part / _total(one))
        found.append(_made(one, part - of_tax, Decimal(part) / _total(one), quantity=None))
    return found


def _line(invoice: Json, given: Json, param: str) -> Json:
    if given["type"] == "custom_line_item":
        quantity = given.get("quantity") or 1
        unit = str(given.get("unit_amount_decimal") or given.get("unit_amount") or 0)
        amount = pricing.rounded(Decimal(unit) * quantity)
        return _blank(amount) | {
            "description": given.get("description"),
            "quantity": quantity,
            "type": "custom_line_item",
            "unit_amount": given.get("unit_amount"),
            "unit_amount_decimal": unit,
        }
    found = [one for one in invoice["lines"]["data"] if one["id"] == given.get("invoice_line_item")]
    if not found:
        raise Invalid(
            f"No such invoice line item: '{given.get('invoice_line_item')}'",
            code="resource_missing",
            param=f"{param}[invoice_line_item]",
        )
    line, quantity = found[0], given.get("quantity")
    net = line["amount"] - sum(one["amount"] for one in line["discount_amounts"])
    amount = int(given.get("amount") or 0)
    if given.get("amount") is None:
        part = Decimal(line["quantity"] if quantity is None else quantity) / (line["quantity"] or 1)
        amount = pricing.rounded(Decimal(net) * part)
    if amount > net:
        raise Invalid(
            "The amount is more than that of the invoice's line.", param=f"{param}[amount]"
        )
    return _made(line, amount, Decimal(amount) / net if net else Decimal(0), quantity=quantity)


def _made(line: Json, amount: int, part: Decimal, *, quantity: int | None) -> Json:
    """part: of the line that is credited; its taxes are credited alike."""
    taxes = [
        one | {"amount": pricing.rounded(one["amount"] * part), "taxable_amount": amount}
        for one in line["taxes"]
    ]
    return _blank(amount) | {
        "description": line["description"],
        "invoice_line_item": line["id"],
        "quantity": quantity,
        "taxes": taxes,
        "type": "invoice_line_item",
    }


def _blank(amount: int) -> Json:
    return {
        "id": random_id("cnli_"),
        "object": "credit_note_line_item",
        "amount": amount,
        "description": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "invoice_line_item": None,
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": None,
        "tax_rates": [],
        "taxes": [],
        "unit_amount": None,
        "unit_amount_decimal": None,
    }


def _total(line: Json) -> int:
    return int(line["amount"] - sum(o["amount"] for o in line["discount_amounts"]) + _on_top(line))


def _on_top(line: Json) -> int:
    return sum(t["amount"] for t in line["taxes"] if t["tax_behavior"] == "exclusive")


def _sums(lines: list[Json]) -> Json:
    subtotal = sum(one["amount"] for one in lines)
    inclusive = sum(
        t["amount"] for one in lines for t in one["taxes"] if t["tax_behavior"] == "inclusive"
    )
    return {
        "discount_amount": 0,
        "discount_amounts": [],
        "pretax_credit_amounts": [],
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - inclusive,
        "total": subtotal + sum(map(_on_top, lines)),
        "total_excluding_tax": subtotal - inclusive,
        "total_taxes": [tax for one in lines for tax in one["taxes"]],
    }


def _check(invoice: Json, params: Json, pre: int, post: int, total: int) -> None:
    creditable = invoice["amount_paid"] - invoice["post_payment_credit_notes_amount"]
    if post > creditable:
        raise Invalid(
            "The sum of credit amount, refund amount and out of band amount can not be greater than the "
            f"amount that is left of the invoice ({pre + creditable}); the credit note is of {total}.",
            param="amount",
        )
    parts = [params.get(name) or 0 for name in BACK]
    if post and any(parts) and sum(parts) != post:
        raise Invalid(
            "The sum of credit amount, refund amount and out of band amount must equal the post payment "
            f"amount ({post}).",
            param="amount",
        )
    if post and not any(parts):
        raise Invalid(
            "For a paid invoice, pass one of refund_amount, credit_amount or out_of_band_amount.",
            param="refund_amount",
        )


def _give_back(ctx: Context, note: Json, invoice: Json, params: Json) -> Json:
    if not note["post_payment_amount"]:
        return ctx.save(note)
    if amount := params.get("refund_amount"):
        refund = collection.refund(ctx, invoice, amount, reason=None)
        note["refunds"].append(
            {
                "amount_refunded": amount,
                "payment_record_refund": None,
                "refund": refund["id"],
                "type": "refund",
            }
        )
    if amount := params.get("credit_amount"):
        customer = ctx.get("customer", invoice["customer"])
        balances.move(ctx, customer, -amount, kind="credit_note", credit_note=note["id"])
        moved = ctx.find("customer_balance_transaction", credit_note=note["id"])[0]
        note["customer_balance_transaction"] = moved["id"]
    return ctx.save(note)


def _less_owed(ctx: Context, invoice_id: str, pre: int, post: int) -> None:
    invoice = ctx.get("invoice", invoice_id)
    changes = {
        "amount_due": invoice["amount_due"] - pre,
        "amount_remaining": invoice["amount_remaining"] - pre,
        "post_payment_credit_notes_amount": invoice["post_payment_credit_notes_amount"] + post,
        "pre_payment_credit_notes_amount": invoice["pre_payment_credit_notes_amount"] + pre,
    }
    after = ctx.change(invoice, changes, "invoice.updated")
    if pre and not after["amount_remaining"] and after["status"] == "open":
        collection.settled(ctx, after, amount=0)
    elif pre and after["status"] == "open":
        collection.reprice(ctx, after)


def void(ctx: Context, note: Json) -> Json:
    """What it took off is owed again. Publishes credit_note.voided. Raises Invalid."""
    ctx = ctx.on_clock_of(note)
    invoice = ctx.get("invoice", note["invoice"])
    if note["status"] != "issued" or invoice["status"] != "open":
        raise Invalid("You can only void credit notes of invoices that are open.", param="id")
    changes = {"status": "void", "voided_at": ctx.now}
    after = ctx.change(note, changes, f"{KIND}.updated")
    amount = note["pre_payment_amount"]
    owed = {
        "amount_due": invoice["amount_due"] + amount,
        "amount_remaining": invoice["amount_remaining"] + amount,
        "pre_payment_credit_notes_amount": invoice["pre_payment_credit_notes_amount"] - amount,
    }
    collection.reprice(ctx, ctx.change(invoice, owed, "invoice.updated"))
    ctx.emit(f"{KIND}.voided", after)
    return after
