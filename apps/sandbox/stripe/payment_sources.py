"""What a customer's invoices are paid with."""

from apps.sandbox.stripe import payments
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json


def method_of(
    ctx: Context, customer: Json, subscription: Json | None = None, invoice: Json | None = None
) -> str | None:
    """The invoice's own, the subscription's, or the customer's; none that was detached meanwhile."""
    for named in (
        (invoice or {}).get("default_payment_method"),
        (subscription or {}).get("default_payment_method"),
        (customer.get("invoice_settings") or {}).get("default_payment_method"),
        customer.get("default_source"),
    ):
        if named and ctx.find("payment_method", id=named, customer=customer["id"]):
            return str(named)
    return None


def check_method(ctx: Context, customer: Json, method_id: str | None) -> str | None:
    """Raises Invalid for one that is not attached to the customer."""
    if method_id is None:
        return None
    method = ctx.get("payment_method", method_id, param="default_payment_method")
    if method["customer"] != customer["id"]:
        raise Invalid(
            f"The customer does not have a payment method with the ID {method_id}. The payment method must "
            "be attached to the customer.",
            code="resource_missing",
            param="default_payment_method",
        )
    return str(method["id"])


def require_method(ctx: Context, customer: Json, subscription: Json) -> None:
    if subscription["collection_method"] == "send_invoice":
        return
    if method_of(ctx, customer, subscription) is None:
        raise Invalid(
            "This customer has no attached payment source or default payment method. Please consider "
            "adding a default payment method. For more information, visit "
            "https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.",
            code="resource_missing",
        )


def setup_for(ctx: Context, subscription: Json, customer: Json) -> str | None:
    """A setup intent for a subscription that begins without a payment and has nothing to pay with later."""
    if subscription["collection_method"] == "send_invoice":
        return None
    if method_of(ctx, customer, subscription) is not None:
        return None
    return str(payments.setup_create(ctx, customer, subscription)["id"])
