import copy

from apps.sandbox.stripe import listing
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json, kind, route
from apps.sandbox.stripe.resources import prices

KIND = "product"
kind(KIND, prefix="prod_")

BLANK: Json = {
    "active": True,
    "default_price": None,
    "description": None,
    "images": [],
    "marketing_features": [],
    "metadata": {},
    "package_dimensions": None,
    "shippable": None,
    "statement_descriptor": None,
    "tax_code": None,
    "type": "service",
    "unit_label": None,
    "url": None,
}
PLAIN = ("name", *(name for name in BLANK if name not in {"metadata", "default_price"}))


@route("POST", "/v1/products", "ProductCreateParams")
def create(ctx: Context, params: Json) -> Json:
    made = make(ctx, params)
    if "default_price_data" in params:
        price = prices.make(ctx, params["default_price_data"] | {"product": made["id"]})
        made = ctx.save(made | {"default_price": price["id"]})
    return made


def make(ctx: Context, params: Json) -> Json:
    """params: of a product, or of a price's product_data."""
    if not params.get("name"):
        raise Invalid("Missing required param: name.", code="parameter_missing", param="name")
    values = copy.deepcopy(BLANK) | {"updated": ctx.now} | _values(BLANK, params)
    made = ctx.create(KIND, values, object_id=params.get("id") or "")
    ctx.emit("product.created", made)
    return made


@route("GET", "/v1/products/{product}", "ProductRetrieveParams")
def retrieve(ctx: Context, params: Json, product: str) -> Json:
    return ctx.get(KIND, product)


@route("POST", "/v1/products/{product}", "ProductUpdateParams")
def update(ctx: Context, params: Json, product: str) -> Json:
    found = ctx.get(KIND, product)
    changes = _values(found, params)
    if params.get("default_price"):
        price = ctx.get("price", params["default_price"], param="default_price")
        if price["product"] != product:
            raise Invalid("The default price must belong to the product.", param="default_price")
        changes["default_price"] = price["id"]
    elif "default_price" in params:
        changes["default_price"] = None
    if any(found.get(name) != value for name, value in changes.items()):
        changes["updated"] = ctx.now
    return ctx.change(found, changes, "product.updated")


@route("DELETE", "/v1/products/{product}")
def delete(ctx: Context, params: Json, product: str) -> Json:
    found = ctx.get(KIND, product)
    if ctx.find("price", product=product):
        raise Invalid(
            "This product cannot be deleted because it has one or more user-created prices.",
            param="id",
        )
    gone = ctx.delete(found)
    ctx.emit("product.deleted", found)
    return gone


@route("GET", "/v1/products", "ProductListParams")
def index(ctx: Context, params: Json) -> Json:
    rows = ctx.rows(KIND).filter(is_deleted=False)
    if params.get("ids"):
        rows = rows.filter(object_id__in=params["ids"])
    having = {
        name: params[name] for name in ("active", "type", "url", "shippable") if name in params
    }
    if having:
        rows = rows.filter(data__contains=having)
    return listing.rows_page(ctx, KIND, rows, params)


@route("GET", "/v1/products/search", "ProductSearchParams")
def search(ctx: Context, params: Json) -> Json:
    return listing.search(ctx, KIND, params)


@route("GET", "/v1/products/{product}/features", "ProductFeatureListParams")
def features(ctx: Context, params: Json, product: str) -> Json:
    """None: what a product entitles to is the platform's matter."""
    ctx.get(KIND, product)
    return listing.of([], ctx.path)


def _values(found: Json, params: Json) -> Json:
    values: Json = {name: params[name] for name in PLAIN if name in params}
    for name in ("images", "marketing_features"):
        if name in values:
            values[name] = values[name] or []
    if "name" in values and not values["name"]:
        raise Invalid("A product needs a name.", code="parameter_invalid_empty", param="name")
    if "metadata" in params:
        values["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    return values
