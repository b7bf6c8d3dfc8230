"""Automatic tax, as far as the stand-in plays it: one declared rate a country (https://docs.stripe.com/tax)."""

from typing import Any

from apps.sandbox.stripe import internal
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json

# Percent, on top of the price. Of other countries: none.
RATES = {"AT": 20, "DE": 19, "ES": 21, "FR": 20, "GB": 20, "IT": 22, "NL": 21}


def is_on(of: Json) -> bool:
    """Of parameters, a session, a subscription or an invoice."""
    return bool((of.get("automatic_tax") or {}).get("enabled"))


def country_of(customer: Json) -> str:
    return str((customer.get("address") or {}).get("country") or "")


def of_subscription(params: Json, customer: Json) -> Json:
    """Raises Invalid where nobody knows where the customer is."""
    enabled = is_on(params)
    if enabled and not country_of(customer):
        raise Invalid(
            "The customer's location isn't recognized. Set a valid customer address in order to "
            "automatically calculate tax.",
            code="customer_tax_location_invalid",
            param="automatic_tax[enabled]",
        )
    return {"disabled_reason": None, "enabled": enabled, "liability": _liability(enabled)}


def of_invoice(enabled: bool, customer: Json) -> Json:
    status = None
    if enabled:
        status = "complete" if country_of(customer) else "requires_location_inputs"
    return {
        "disabled_reason": None,
        "enabled": enabled,
        "liability": _liability(enabled),
        "provider": "stripe" if enabled else None,
        "status": status,
    }


def _liability(enabled: bool) -> Json | None:
    return {"type": "self"} if enabled else None


def rates_of(ctx: Context, customer: Json) -> list[str]:
    """The id of the rate that holds where the customer is; made when it is needed first."""
    country = country_of(customer)
    percentage = RATES.get(country)
    if percentage is None:
        return []
    known = ctx.find("tax_rate", country=country, description="automatic")
    if known:
        return [str(known[0]["id"])]
    wanted: dict[str, Any] = {
        "country": country,
        "description": "automatic",
        "display_name": "VAT",
        "inclusive": False,
        "percentage": percentage,
        "tax_type": "vat",
    }
    return [str(internal.call(ctx, "POST", "/v1/tax_rates", wanted)["id"])]
