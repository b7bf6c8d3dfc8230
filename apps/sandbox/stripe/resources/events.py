from django.db.models import Q

from apps.sandbox.stripe import listing
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.registry import Json, kind, route

kind("event", prefix="evt_")


@route("GET", "/v1/events", "EventListParams")
def index(ctx: Context, params: Json) -> Json:
    """`type` with a `*` at its end stands for all that begin so."""
    rows = ctx.rows("event")
    wanted = params.get("types") or ([params["type"]] if params.get("type") else [])
    if wanted:
        condition = Q(pk__in=[])
        for one in wanted:
            if one.endswith("*"):
                condition |= Q(data__type__startswith=one[:-1])
            else:
                condition |= Q(data__type=one)
        rows = rows.filter(condition)
    if params.get("delivery_success") is not None:
        rows = rows.filter(
            Q(data__pending_webhooks=0)
            if params["delivery_success"]
            else ~Q(data__pending_webhooks=0)
        )
    return listing.rows_page(ctx, "event", rows, params)


@route("GET", "/v1/events/{event}", "EventRetrieveParams")
def retrieve(ctx: Context, params: Json, event: str) -> Json:
    return ctx.get("event", event)
