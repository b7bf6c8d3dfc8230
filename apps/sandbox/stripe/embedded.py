"""Lists of what is inside an object: the lines of an invoice, the items of a subscription."""

from apps.sandbox.stripe import listing
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import missing
from apps.sandbox.stripe.registry import Json


def page(ctx: Context, inside: list[Json], params: Json) -> Json:
    """A page of them, by the parameters of a list call. Raises Invalid."""
    limit = listing.limit_of(params)
    ids = [one["id"] for one in inside]
    after, before = params.get("starting_after"), params.get("ending_before")
    for name, cursor in (("starting_after", after), ("ending_before", before)):
        if cursor and cursor not in ids:
            raise missing("object", cursor, param=name)
    if before:
        end = ids.index(before)
        start = max(end - limit, 0)
        shown, has_more = inside[start:end], start > 0
    else:
        start = ids.index(after) + 1 if after else 0
        shown, has_more = inside[start : start + limit], len(inside) > start + limit
    return {"object": "list", "data": shown, "has_more": has_more, "url": ctx.path}


def first(inside: Json) -> Json:
    """As the object itself shows it: no more than the first of them."""
    data = inside["data"]
    most = listing.DEFAULT_LIMIT
    return inside | {"data": data[:most], "has_more": len(data) > most}
