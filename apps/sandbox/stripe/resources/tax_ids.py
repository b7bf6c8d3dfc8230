"""Tax ids of customers. Magic values decide what their verification finds, as in Stripe's test mode."""

import re

from apps.sandbox.stripe import listing
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json, includes, kind, route

KIND = "tax_id"
kind(KIND, prefix="txi_")

# Of the types whose form is looked at; others are taken as they come.
FORMS = {
    "eu_vat": re.compile(
        r"(AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI"
        r"|SK|XI)[0-9A-Z+*.]{2,12}"
    ),
    "gb_vat": re.compile(r"GB\d{9}(\d{3})?"),
    "us_ein": re.compile(r"\d{2}-\d{7}"),
    "ch_vat": re.compile(r"CHE[0-9.\-]{9,11} ?(MWST|TVA|IVA)?"),
    "au_abn": re.compile(r"\d{11}"),
}
# https://docs.stripe.com/billing/testing#tax-ids
MAGIC = {"111111111": "unverified", "222222222": "pending"}


@route("POST", "/v1/customers/{customer}/tax_ids", "CustomerTaxIdCreateParams")
def create(ctx: Context, params: Json, customer: str) -> Json:
    return make(ctx, ctx.get("customer", customer), params["type"], params["value"])


def make(ctx: Context, customer: Json, tax_type: str, value: str) -> Json:
    """Raises Invalid (tax_id_invalid)."""
    form = FORMS.get(tax_type)
    if form is not None and not form.fullmatch(value or ""):
        raise Invalid(f"Invalid value for {tax_type}.", code="tax_id_invalid", param="value")
    ctx = ctx.on_clock_of(customer)
    made = ctx.create(
        KIND,
        {
            "country": tax_type[:2].upper() if tax_type != "eu_vat" else value[:2],
            "customer": customer["id"],
            "customer_account": None,
            "owner": {"customer": customer["id"], "type": "customer"},
            "type": tax_type,
            "value": value,
            "verification": {
                "status": MAGIC.get(value[-9:], "verified"),
                "verified_address": None,
                "verified_name": None,
            },
        },
    )
    ctx.emit("customer.tax_id.created", made)
    return made


@route("GET", "/v1/customers/{customer}/tax_ids/{tax_id}", "CustomerTaxIdRetrieveParams")
def retrieve(ctx: Context, params: Json, customer: str, tax_id: str) -> Json:
    return _of(ctx, customer, tax_id)


@route("DELETE", "/v1/customers/{customer}/tax_ids/{tax_id}")
def delete(ctx: Context, params: Json, customer: str, tax_id: str) -> Json:
    found = _of(ctx, customer, tax_id)
    gone = ctx.delete(found)
    ctx.emit("customer.tax_id.deleted", found)
    return gone


@route("GET", "/v1/customers/{customer}/tax_ids", "CustomerTaxIdListParams")
def index(ctx: Context, params: Json, customer: str) -> Json:
    ctx.get("customer", customer)
    return listing.page(ctx, KIND, params, having={"customer": customer})


@includes("customer", "tax_ids")
def of_customer(ctx: Context, customer: Json) -> Json:
    url = f"/v1/customers/{customer['id']}/tax_ids"
    return listing.page(ctx, KIND, {}, url=url, having={"customer": customer["id"]})


def _of(ctx: Context, customer: str, tax_id: str) -> Json:
    found = ctx.get(KIND, tax_id)
    if found["customer"] != customer:
        raise Invalid(
            f"No such tax_id: '{tax_id}'", code="resource_missing", param="id", status=404
        )
    return found
