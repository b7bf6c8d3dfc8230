"""https://docs.stripe.com/api/subscription_schedules"""

from apps.sandbox.stripe import listing, schedules
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.registry import Json, kind, on_due, route

KIND = schedules.KIND
kind(KIND, prefix="sub_sched_", fields=("schedule",))


@route("POST", "/v1/subscription_schedules", "SubscriptionScheduleCreateParams")
def create(ctx: Context, params: Json) -> Json:
    return schedules.create(ctx, params)


@route("GET", "/v1/subscription_schedules/{schedule}", "SubscriptionScheduleRetrieveParams")
def retrieve(ctx: Context, params: Json, schedule: str) -> Json:
    return ctx.get(KIND, schedule)


@route("POST", "/v1/subscription_schedules/{schedule}", "SubscriptionScheduleModifyParams")
def update(ctx: Context, params: Json, schedule: str) -> Json:
    return schedules.update(ctx, ctx.get(KIND, schedule), params)


@route("POST", "/v1/subscription_schedules/{schedule}/release", "SubscriptionScheduleReleaseParams")
def release(ctx: Context, params: Json, schedule: str) -> Json:
    found = ctx.get(KIND, schedule)
    return schedules.release(ctx.on_clock_of(found), found)


@route("POST", "/v1/subscription_schedules/{schedule}/cancel", "SubscriptionScheduleCancelParams")
def cancel(ctx: Context, params: Json, schedule: str) -> Json:
    return schedules.cancel(ctx, ctx.get(KIND, schedule), params)


@route("GET", "/v1/subscription_schedules", "SubscriptionScheduleListParams")
def index(ctx: Context, params: Json) -> Json:
    having = {"customer": params.get("customer")}
    return listing.page(ctx, KIND, params, having=having)


@on_due(KIND)
def due(ctx: Context, found: Json) -> None:
    schedules.advance(ctx, found)
