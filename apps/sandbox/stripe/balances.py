"""A customer's balance: negative is credit, positive is owed with the next invoice.

https://docs.stripe.com/api/customer_balance_transactions
"""

from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.registry import Json


def move(
    ctx: Context,
    customer: Json,
    amount: int,
    *,
    kind: str,
    invoice: str | None = None,
    credit_note: str | None = None,
    currency: str | None = None,
) -> Json:
    """Add the amount, which may be negative; returns the customer. Publishes customer.updated."""
    ending = (customer.get("balance") or 0) + amount
    currency = currency or customer.get("currency") or _currency_of(ctx, invoice)
    ctx.create(
        "customer_balance_transaction",
        {
            "amount": amount,
            "checkout_session": None,
            "credit_note": credit_note,
            "currency": currency,
            "customer": customer["id"],
            "customer_account": None,
            "description": None,
            "ending_balance": ending,
            "invoice": invoice,
            "metadata": {},
            "type": kind,
        },
    )
    changes = {"balance": ending, "currency": customer.get("currency") or currency}
    return ctx.change(customer, changes, "customer.updated")


def _currency_of(ctx: Context, invoice: str | None) -> str | None:
    return str(ctx.get("invoice", invoice)["currency"]) if invoice else None
