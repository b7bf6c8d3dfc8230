"""Meters and their events (https://docs.stripe.com/billing/subscriptions/usage-based)."""

import secrets
from decimal import Decimal, InvalidOperation

from apps.sandbox.stripe import listing
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json, kind, route

KIND, EVENT = "billing.meter", "billing.meter_event"
kind(KIND, prefix="mtr_", fields=("meter",))
kind(EVENT, prefix="bme_")
kind("billing.meter_event_adjustment", prefix="bma_")

PAST_S, FUTURE_S = 35 * 24 * 3600, 300


@route("POST", "/v1/billing/meters", "billing.MeterCreateParams")
def create(ctx: Context, params: Json) -> Json:
    if ctx.find(KIND, event_name=params["event_name"], status="active"):
        raise Invalid(
            f"An active meter with the event name `{params['event_name']}` exists already.",
            param="event_name",
        )
    made = ctx.create(
        KIND,
        {
            "customer_mapping": params.get("customer_mapping")
            or {"event_payload_key": "stripe_customer_id", "type": "by_id"},
            "default_aggregation": params["default_aggregation"],
            "display_name": params["display_name"],
            "event_name": params["event_name"],
            "event_time_window": params.get("event_time_window"),
            "status": "active",
            "status_transitions": {"deactivated_at": None},
            "updated": ctx.now,
            "value_settings": params.get("value_settings") or {"event_payload_key": "value"},
        },
    )
    ctx.emit("billing.meter.created", made)
    return made


@route("GET", "/v1/billing/meters/{meter}", "billing.MeterRetrieveParams")
def retrieve(ctx: Context, params: Json, meter: str) -> Json:
    return ctx.get(KIND, meter)


@route("POST", "/v1/billing/meters/{meter}", "billing.MeterUpdateParams")
def update(ctx: Context, params: Json, meter: str) -> Json:
    changes = {"updated": ctx.now, **params}
    return ctx.change(ctx.get(KIND, meter), changes, "billing.meter.updated")


@route("POST", "/v1/billing/meters/{meter}/deactivate", "billing.MeterDeactivateParams")
def deactivate(ctx: Context, params: Json, meter: str) -> Json:
    return _switch(ctx, meter, "inactive", "billing.meter.deactivated")


@route("POST", "/v1/billing/meters/{meter}/reactivate", "billing.MeterReactivateParams")
def reactivate(ctx: Context, params: Json, meter: str) -> Json:
    return _switch(ctx, meter, "active", "billing.meter.reactivated")


def _switch(ctx: Context, meter: str, status: str, event: str) -> Json:
    found = ctx.get(KIND, meter)
    if found["status"] == status:
        raise Invalid(f"This meter is {status} already.")
    changes = {
        "status": status,
        "status_transitions": {"deactivated_at": ctx.now if status == "inactive" else None},
        "updated": ctx.now,
    }
    return ctx.change(found, changes, event)


@route("GET", "/v1/billing/meters", "billing.MeterListParams")
def index(ctx: Context, params: Json) -> Json:
    return listing.page(ctx, KIND, params, having={"status": params.get("status")})


@route("POST", "/v1/billing/meter_events", "billing.MeterEventCreateParams")
def event_create(ctx: Context, params: Json) -> Json:
    """An identifier counts once. Stripe looks at events later, and reports what is wrong by an event of
    its own; here what is wrong is refused at once."""
    identifier = params.get("identifier") or secrets.token_hex(16)
    if ctx.find(EVENT, identifier=identifier):
        raise Invalid(
            f"An event already exists with identifier {identifier}.",
            code="duplicate_meter_event",
            param="identifier",
        )
    meters = ctx.find(KIND, event_name=params["event_name"])
    if not meters:
        raise Invalid(
            f"No active meter found for event name {params['event_name']}.",
            code="no_meter",
            param="event_name",
        )
    meter = meters[0]
    if meter["status"] != "active":
        raise Invalid("This meter is inactive.", code="archived_meter", param="event_name")
    customer = ctx.get(
        "customer",
        params["payload"].get(meter["customer_mapping"]["event_payload_key"]),
        param="payload",
    )
    _check_value(meter, params["payload"])
    ctx = ctx.on_clock_of(customer)
    at = params.get("timestamp", ctx.now)
    if not ctx.now - PAST_S <= at <= ctx.now + FUTURE_S:
        raise Invalid(
            "The timestamp must be within the past 35 calendar days or up to 5 minutes in the future.",
            code="timestamp_too_far_in_past" if at < ctx.now else "timestamp_in_future",
            param="timestamp",
        )
    made = ctx.create(
        EVENT,
        {
            "event_name": params["event_name"],
            "identifier": identifier,
            "payload": params["payload"],
            "timestamp": at,
        },
    )
    return {name: value for name, value in made.items() if name != "id"}


def _check_value(meter: Json, payload: Json) -> None:
    if meter["default_aggregation"]["formula"] == "count":
        return
    try:
        is_number = Decimal(
            payload.get(meter["value_settings"]["event_payload_key"]) or ""
        ).is_finite()
    except InvalidOperation:
        is_number = False
    if not is_number:
        raise Invalid(
            "The payload has no number at the meter's value key.",
            code="meter_event_invalid_value",
            param="payload",
        )


@route("POST", "/v1/billing/meter_event_adjustments", "billing.MeterEventAdjustmentCreateParams")
def adjust(ctx: Context, params: Json) -> Json:
    """Takes back an event of the last 24 hours."""
    identifier = (params.get("cancel") or {}).get("identifier")
    found = ctx.find(EVENT, event_name=params["event_name"], identifier=identifier)
    if not found:
        raise Invalid("No such meter event.", code="resource_missing", param="cancel[identifier]")
    ctx.delete(found[0])
    return ctx.create(
        "billing.meter_event_adjustment",
        {
            "cancel": {"identifier": identifier},
            "event_name": params["event_name"],
            "status": "complete",
            "type": "cancel",
        },
    )


@route("GET", "/v1/billing/meters/{meter}/event_summaries", "billing.MeterListEventSummariesParams")
def summaries(ctx: Context, params: Json, meter: str) -> Json:
    """One for the whole time, or for each hour or day of it, newest first."""
    found = ctx.get(KIND, meter)
    key = found["customer_mapping"]["event_payload_key"]
    rows = ctx.rows(EVENT).filter(
        is_deleted=False,
        data__contains={"event_name": found["event_name"], "payload": {key: params["customer"]}},
    )
    events = [row.data for row in rows]
    start, end = params["start_time"], params["end_time"]
    step = {"hour": 3600, "day": 86400}.get(params.get("value_grouping_window") or "", end - start)
    if end <= start or start % 60 or end % 60:
        raise Invalid("The times are whole minutes, the end after the start.", param="start_time")
    data = [
        {
            "id": f"mtrusg_{found['id'][4:]}{at}",
            "object": "billing.meter_event_summary",
            "aggregated_value": _sum(
                found, [e for e in events if at <= e["timestamp"] < at + step]
            ),
            "end_time": min(at + step, end),
            "livemode": False,
            "meter": meter,
            "start_time": at,
        }
        for at in range(start, end, step)
    ]
    return listing.of(data[::-1], ctx.path)


def _sum(meter: Json, events: list[Json]) -> float:
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return float(len(events))
    value = meter["value_settings"]["event_payload_key"]
    numbers = [
        Decimal(one["payload"][value]) for one in sorted(events, key=lambda e: e["timestamp"])
    ]
    if formula == "last":
        return float(numbers[-1]) if numbers else 0.0
    return float(sum(numbers, Decimal()))
