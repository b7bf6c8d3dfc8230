"""Test clocks (https://docs.stripe.com/billing/testing/test-clocks): customers with a time of their own."""

from apps.sandbox.stripe import clock as clocks
from apps.sandbox.stripe import listing
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import StripeObject
from apps.sandbox.stripe.registry import Json, kind, on_due, route

KIND = "test_helpers.test_clock"
KEPT_FOR_S = 30 * 24 * 3600
kind(KIND, prefix="clock_", fields=("test_clock",))


@route("POST", "/v1/test_helpers/test_clocks", "test_helpers.TestClockCreateParams")
def create(ctx: Context, params: Json) -> Json:
    made = ctx.create(
        KIND,
        {
            "deletes_after": ctx.now + KEPT_FOR_S,
            "frozen_time": params["frozen_time"],
            "name": params.get("name"),
            "status": "ready",
            "status_details": {},
        },
        due_at=ctx.now + KEPT_FOR_S,
    )
    ctx.emit(f"{KIND}.created", made)
    return made


@route("GET", "/v1/test_helpers/test_clocks/{clock}", "test_helpers.TestClockRetrieveParams")
def retrieve(ctx: Context, params: Json, clock: str) -> Json:
    return ctx.get(KIND, clock)


@route("GET", "/v1/test_helpers/test_clocks", "test_helpers.TestClockListParams")
def index(ctx: Context, params: Json) -> Json:
    return listing.page(ctx, KIND, params)


@route(
    "POST", "/v1/test_helpers/test_clocks/{clock}/advance", "test_helpers.TestClockAdvanceParams"
)
def advance(ctx: Context, params: Json, clock: str) -> Json:
    """Answers as Stripe does, that it is advancing, when all is done already."""
    found = ctx.get(KIND, clock)
    to = params["frozen_time"]
    if to <= found["frozen_time"]:
        raise Invalid("Test clocks can only be advanced forward in time.", param="frozen_time")
    clocks.catch_up(ctx.account, to, clock, ctx.base)
    ready = ctx.change(found, {"frozen_time": to})
    advancing = ready | {
        "status": "advancing",
        "status_details": {"advancing": {"target_frozen_time": to}},
    }
    ctx.emit(f"{KIND}.advancing", advancing | {"frozen_time": found["frozen_time"]})
    ctx.emit(f"{KIND}.ready", ready)
    return advancing


@route("DELETE", "/v1/test_helpers/test_clocks/{clock}")
def delete(ctx: Context, params: Json, clock: str) -> Json:
    return remove(ctx, ctx.get(KIND, clock))


@on_due(KIND)
def remove(ctx: Context, found: Json) -> Json:
    """With all that is attached to it; no event tells of these."""
    StripeObject.objects.filter(account=ctx.account, clock=found["id"]).exclude(
        kind="event"
    ).update(is_deleted=True, due_at=None)
    gone = ctx.delete(found)
    ctx.emit(f"{KIND}.deleted", found)
    return gone
