"""https://docs.stripe.com/api/subscription_items: each is a part of its subscription, changed through it."""

from apps.sandbox.stripe import embedded, subscription_changes
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import missing
from apps.sandbox.stripe.registry import Json, kind, route

KIND = "subscription_item"
# Their data is in their subscription: no rows of this kind are ever made.
kind(KIND, prefix="si_")
OF_SUBSCRIPTION = (
    "off_session",
    "payment_behavior",
    "proration_behavior",
    "proration_date",
)


@route("POST", "/v1/subscription_items", "SubscriptionItemCreateParams")
def create(ctx: Context, params: Json) -> Json:
    given = dict(params)
    found = ctx.get("subscription", given.pop("subscription"), param="subscription")
    known = {one["id"] for one in found["items"]["data"]}
    after = _update(ctx, found, given)
    pending = after["pending_update"] or {"subscription_items": []}
    all_items = [*after["items"]["data"], *pending["subscription_items"]]
    return next(one for one in all_items if one["id"] not in known)


@route("GET", "/v1/subscription_items/{item}", "SubscriptionItemRetrieveParams")
def retrieve(ctx: Context, params: Json, item: str) -> Json:
    return _item(_subscription_of(ctx, item), item)


@route("POST", "/v1/subscription_items/{item}", "SubscriptionItemModifyParams")
def update(ctx: Context, params: Json, item: str) -> Json:
    after = _update(ctx, _subscription_of(ctx, item), {"id": item} | params)
    return _item(after, item)


@route("DELETE", "/v1/subscription_items/{item}", "SubscriptionItemDeleteParams")
def delete(ctx: Context, params: Json, item: str) -> Json:
    given = {name: value for name, value in params.items() if name != "clear_usage"}
    _update(ctx, _subscription_of(ctx, item), {"id": item, "deleted": True} | given)
    return {"id": item, "object": KIND, "deleted": True}


@route("GET", "/v1/subscription_items", "SubscriptionItemListParams")
def index(ctx: Context, params: Json) -> Json:
    found = ctx.get("subscription", params["subscription"], param="subscription")
    return embedded.page(ctx, found["items"]["data"], params)


def _update(ctx: Context, found: Json, given: Json) -> Json:
    of = {name: given.pop(name) for name in OF_SUBSCRIPTION if name in given}
    return subscription_changes.update(ctx, found, {"items": [given]} | of)


def _subscription_of(ctx: Context, item: str) -> Json:
    rows = ctx.rows("subscription").filter(data__contains={"items": {"data": [{"id": item}]}})
    row = rows.first()
    if row is None:
        raise missing(KIND, item)
    return dict(row.data)


def _item(found: Json, item: str) -> Json:
    items: list[Json] = found["items"]["data"]
    return next(one for one in items if one["id"] == item)
