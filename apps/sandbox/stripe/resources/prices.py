"""Prices: per unit or in tiers, licensed or metered, in several currencies."""

from decimal import Decimal

from apps.sandbox.stripe import listing
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json, hides, kind, renders, route
from apps.sandbox.stripe.resources import products

KIND = "price"
kind(KIND, prefix="price_", fields=("default_price",))
hides(KIND, "tiers", "currency_options")

MAX_INTERVALS = {"day": 1095, "week": 156, "month": 36, "year": 3}


@route("POST", "/v1/prices", "PriceCreateParams")
def create(ctx: Context, params: Json) -> Json:
    if ("product" in params) == ("product_data" in params):
        raise Invalid(
            "You must specify exactly one of the parameters product and product_data.",
            param="product",
        )
    if "product_data" in params:
        product = products.make(ctx, params["product_data"])
    else:
        product = ctx.get("product", params["product"], param="product")
    return make(ctx, params | {"product": product["id"]})


def make(ctx: Context, params: Json) -> Json:
    """params: of a price, whose product is there."""
    currency = _currency(params["currency"], "currency")
    recurring = _recurring(ctx, params.get("recurring"))
    amounts = _amounts(params, params.get("billing_scheme"), "")
    is_tiered = bool(amounts["tiers"])
    if is_tiered and not params.get("tiers_mode"):
        raise Invalid(
            "Missing required param: tiers_mode.", code="parameter_missing", param="tiers_mode"
        )
    if recurring is None and is_tiered:
        raise Invalid("Tiers are for recurring prices only.", param="tiers")
    behavior = params.get("tax_behavior") or "unspecified"
    options = {currency: amounts | {"tax_behavior": behavior, "custom_unit_amount": None}}
    for code, given in (params.get("currency_options") or {}).items():
        path = f"currency_options[{code}]"
        scheme = "tiered" if is_tiered else "per_unit"
        options[_currency(code, path)] = _amounts(given, scheme, path) | {
            "tax_behavior": given.get("tax_behavior") or "unspecified",
            "custom_unit_amount": None,
        }
    made = ctx.create(
        KIND,
        {
            "active": params.get("active", True),
            "billing_scheme": "tiered" if is_tiered else "per_unit",
            "currency": currency,
            "currency_options": options,
            "custom_unit_amount": None,
            "lookup_key": _take_lookup_key(ctx, params),
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "nickname": params.get("nickname"),
            "product": params["product"],
            "recurring": recurring,
            "tax_behavior": behavior,
            "tiers": amounts["tiers"],
            "tiers_mode": params.get("tiers_mode") if is_tiered else None,
            "transform_quantity": params.get("transform_quantity"),
            "type": "recurring" if recurring else "one_time",
            "unit_amount": amounts["unit_amount"],
            "unit_amount_decimal": amounts["unit_amount_decimal"],
        },
    )
    ctx.emit("price.created", made)
    return made


@route("GET", "/v1/prices/{price}", "PriceRetrieveParams")
def retrieve(ctx: Context, params: Json, price: str) -> Json:
    return ctx.get(KIND, price)


@route("POST", "/v1/prices/{price}", "PriceUpdateParams")
def update(ctx: Context, params: Json, price: str) -> Json:
    """Amounts and intervals stay; another price takes their place."""
    found = ctx.get(KIND, price)
    changes: Json = {name: params[name] for name in ("active", "nickname") if name in params}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    if "lookup_key" in params:
        changes["lookup_key"] = _take_lookup_key(ctx, params, holder=price)
    if params.get("tax_behavior"):
        if found["tax_behavior"] not in {"unspecified", params["tax_behavior"]}:
            raise Invalid("The tax behavior of a price cannot be changed.", param="tax_behavior")
        changes["tax_behavior"] = params["tax_behavior"]
    if params.get("currency_options"):
        options = dict(found["currency_options"])
        for code, given in params["currency_options"].items():
            path = f"currency_options[{code}]"
            options[_currency(code, path)] = _amounts(given, found["billing_scheme"], path) | {
                "tax_behavior": given.get("tax_behavior") or "unspecified",
                "custom_unit_amount": None,
            }
        changes["currency_options"] = options
    if changes.get("active") is False:
        product = ctx.rows("product").get(object_id=found["product"]).data
        if product["default_price"] == price:
            raise Invalid(
                "This price cannot be archived because it is the default price of its product.",
                param="active",
            )
    return ctx.change(found, changes, "price.updated")


@route("GET", "/v1/prices", "PriceListParams")
def index(ctx: Context, params: Json) -> Json:
    rows = ctx.rows(KIND).filter(is_deleted=False)
    if params.get("lookup_keys"):
        rows = rows.filter(data__lookup_key__in=params["lookup_keys"])
    having: Json = {
        name: params[name] for name in ("active", "currency", "product", "type") if name in params
    }
    if params.get("recurring"):
        having["recurring"] = params["recurring"]
    if having:
        rows = rows.filter(data__contains=having)
    return listing.rows_page(ctx, KIND, rows, params)


@route("GET", "/v1/prices/search", "PriceSearchParams")
def search(ctx: Context, params: Json) -> Json:
    return listing.search(ctx, KIND, params)


@renders(KIND, before="2025-03-31")
def previous(ctx: Context, price: Json) -> Json:
    """Usage was summed up by the price, before meters were all that there is."""
    if price["recurring"]:
        price["recurring"]["aggregate_usage"] = None
    return price


def _currency(given: str, param: str) -> str:
    if len(given) != 3 or not given.isascii() or not given.isalpha():
        raise Invalid(f"Invalid currency: {given}.", param=param)
    return given.lower()


def _recurring(ctx: Context, given: Json | None) -> Json | None:
    if given is None:
        return None
    interval, count = given["interval"], given.get("interval_count", 1)
    if not 1 <= count <= MAX_INTERVALS[interval]:
        raise Invalid(
            "Invalid recurring[interval_count]: an interval is at most three years long.",
            param="recurring[interval_count]",
        )
    usage = given.get("usage_type") or "licensed"
    meter = given.get("meter")
    if (usage == "metered") != bool(meter):
        raise Invalid(
            "A metered price needs a meter, and only a metered one.", param="recurring[meter]"
        )
    if meter and ctx.get("billing.meter", meter, param="recurring[meter]")["status"] != "active":
        raise Invalid("This meter is inactive.", param="recurring[meter]")
    return {
        "interval": interval,
        "interval_count": count,
        "meter": meter,
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": usage,
    }


def _amounts(given: Json, scheme: str | None, path: str) -> Json:
    """unit_amount and its decimal, or tiers."""

    def named(name: str) -> str:
        return f"{path}[{name}]" if path else name

    if given.get("custom_unit_amount"):
        raise Invalid(
            "The sandbox's Stripe has no prices that customers choose.",
            param=named("custom_unit_amount"),
        )
    is_tiered = scheme == "tiered"
    if is_tiered != bool(given.get("tiers")):
        raise Invalid(
            "A price with billing_scheme=tiered has tiers, and no other one.", param=named("tiers")
        )
    if is_tiered:
        return {"unit_amount": None, "unit_amount_decimal": None, "tiers": _tiers(given["tiers"])}
    if (given.get("unit_amount") is None) == (given.get("unit_amount_decimal") is None):
        raise Invalid(
            "You must specify exactly one of unit_amount and unit_amount_decimal.",
            code="parameter_missing",
            param=named("unit_amount"),
        )
    return _money(given, "unit_amount", named("unit_amount")) | {"tiers": None}


def _money(given: Json, name: str, param: str) -> Json:
    """Both spellings of an amount; the integer is null where there are fractions of a cent."""
    text = given.get(f"{name}_decimal")
    if text is None and given.get(name) is None:
        return {name: None, f"{name}_decimal": None}
    amount = Decimal(text if text is not None else given[name])
    if amount < 0:
        raise Invalid("This value must be greater than or equal to 0.", param=param)
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -12:
        raise Invalid("An amount has at most 12 decimal places.", param=param)
    shown = format(amount.normalize(), "f")
    return {name: int(amount) if amount == int(amount) else None, f"{name}_decimal": shown}


def _tiers(given: list[Json]) -> list[Json]:
    made, below = [], 0
    for at, tier in enumerate(given):
        up_to, is_last = tier["up_to"], at == len(given) - 1
        if (up_to == "inf") != is_last or (not is_last and int(up_to) <= below):
            raise Invalid("Tiers rise, and the last one is `inf`.", param=f"tiers[{at}][up_to]")
        money = _money(tier, "flat_amount", f"tiers[{at}]") | _money(
            tier, "unit_amount", f"tiers[{at}]"
        )
        if all(value is None for value in money.values()):
            raise Invalid("A tier has a flat_amount or a unit_amount.", param=f"tiers[{at}]")
        made.append(money | {"up_to": None if is_last else up_to})
        below = 0 if is_last else int(up_to)
    return made


def _take_lookup_key(ctx: Context, params: Json, holder: str = "") -> str | None:
    """The key, taken from the price that has it where that is wished."""
    key = params.get("lookup_key")
    if not key:
        return None
    for other in ctx.find(KIND, lookup_key=key):
        if other["id"] == holder:
            continue
        if not params.get("transfer_lookup_key"):
            raise Invalid(
                f"A price (`{other['id']}`) already uses that lookup key.", param="lookup_key"
            )
        ctx.change(other, {"lookup_key": None}, "price.updated")
    return str(key)
