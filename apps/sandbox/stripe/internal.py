"""Pages do what the API does, by the same handlers."""

from typing import Any

from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json, find_route


def call(ctx: Context, method: str, path: str, params: Json | None = None) -> Json:
    """The handler's answer, in the shape that is kept. params: with their types, as handlers get them."""
    found = find_route(method, path)
    if found is None:
        raise Invalid(f"Unrecognized request URL ({method}: {path}).", status=404)
    route, names = found
    answer: Any = route.handler(ctx, params or {}, **names)
    return dict(answer)


def listed(ctx: Context, path: str, params: Json | None = None) -> list[Json]:
    """The first hundred of a list; none where nobody serves it."""
    if find_route("GET", path) is None:
        return []
    return list(call(ctx, "GET", path, {"limit": 100} | (params or {}))["data"])
