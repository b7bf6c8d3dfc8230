import re
import secrets

from apps.sandbox.stripe import listing, payment_methods
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json, kind, route
from apps.sandbox.stripe.resources import tax_ids

KIND = "customer"
kind(KIND, prefix="cus_", keeps_deleted=True)

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.?[^@\s]+")
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
# Taken as they come.
PLAIN = (
    "balance",
    "business_name",
    "description",
    "email",
    "individual_name",
    "invoice_prefix",
    "name",
    "next_invoice_sequence",
    "phone",
    "preferred_locales",
    "tax_exempt",
)


@route("POST", "/v1/customers", "CustomerCreateParams")
def create(ctx: Context, params: Json) -> Json:
    """A payment method is attached first, so that it may be the default of its invoices at once."""
    if params.get("source"):
        raise Invalid("The sandbox's Stripe has no sources: pass payment_method.", param="source")
    ctx = ctx.on_clock(params.get("test_clock") or "")
    given = params.get("payment_method")
    method = payment_methods.resolve(ctx, given) if given else None
    settings = params.get("invoice_settings") or {}
    wishes_default = method is not None and settings.get("default_payment_method") == given
    if wishes_default:
        params = params | {"invoice_settings": settings | {"default_payment_method": None}}
    blank = _blank(ctx)
    made = ctx.create(KIND, blank | _changes(ctx, blank, params))
    if method is not None:
        payment_methods.attach(ctx, method, made)
        if wishes_default:
            made["invoice_settings"]["default_payment_method"] = method["id"]
            ctx.save(made)
    ctx.emit("customer.created", made)
    for one in params.get("tax_id_data") or []:
        tax_ids.make(ctx, made, one["type"], one["value"])
    return made


@route("GET", "/v1/customers/{customer}", "CustomerRetrieveParams")
def retrieve(ctx: Context, params: Json, customer: str) -> Json:
    return ctx.show(KIND, customer)


@route("POST", "/v1/customers/{customer}", "CustomerUpdateParams")
def update(ctx: Context, params: Json, customer: str) -> Json:
    found = ctx.get(KIND, customer)
    return ctx.on_clock_of(found).change(found, _changes(ctx, found, params), "customer.updated")


@route("DELETE", "/v1/customers/{customer}")
def delete(ctx: Context, params: Json, customer: str) -> Json:
    found = ctx.get(KIND, customer)
    ctx = ctx.on_clock_of(found)
    gone = ctx.delete(found)
    ctx.emit("customer.deleted", found)
    return gone


@route("GET", "/v1/customers", "CustomerListParams")
def index(ctx: Context, params: Json) -> Json:
    """Customers of test clocks only where `test_clock` asks for them."""
    rows = ctx.rows(KIND).filter(is_deleted=False, clock=params.get("test_clock") or "")
    if params.get("email"):
        rows = rows.filter(data__email=params["email"])
    return listing.rows_page(ctx, KIND, rows, params)


@route("GET", "/v1/customers/search", "CustomerSearchParams")
def search(ctx: Context, params: Json) -> Json:
    return listing.search(ctx, KIND, params)


def _blank(ctx: Context) -> Json:
    return {
        "address": None,
        "balance": 0,
        "business_name": None,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "individual_name": None,
        "invoice_prefix": secrets.token_hex(4).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": ctx.clock or None,
    }


def _changes(ctx: Context, found: Json, params: Json) -> Json:
    """Attributes that the parameters set. Hashes keep what is not named."""
    changes: Json = {name: params[name] for name in PLAIN if name in params}
    email = changes.get("email")
    if email is not None and not EMAIL.fullmatch(email):
        raise Invalid(f"Invalid email address: {email}", code="email_invalid", param="email")
    if "tax_exempt" in changes:
        changes["tax_exempt"] = changes["tax_exempt"] or "none"
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    if "address" in params:
        changes["address"] = _address(found["address"], params["address"])
    if "shipping" in params:
        changes["shipping"] = params["shipping"]
    if "invoice_settings" in params:
        changes["invoice_settings"] = found["invoice_settings"] | params["invoice_settings"]
        _check_default(ctx, found, changes["invoice_settings"]["default_payment_method"])
    return changes


def _check_default(ctx: Context, found: Json, method_id: str | None) -> None:
    if method_id is None or method_id == found["invoice_settings"]["default_payment_method"]:
        return
    param = "invoice_settings[default_payment_method]"
    method = ctx.get(payment_methods.KIND, method_id, param=param)
    if method["customer"] is None or method["customer"] != found.get("id"):
        raise Invalid(
            f"The customer does not have a payment method with the ID {method_id}. The payment method must "
            "be attached to the customer.",
            code="resource_missing",
            param=param,
        )


def _address(found: Json | None, given: Json | None) -> Json | None:
    if given is None:
        return None
    return dict.fromkeys(ADDRESS) | (found or {}) | given
