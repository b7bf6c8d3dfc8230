"""Subscription schedules: phases that change a subscription when their time comes.

https://docs.stripe.com/billing/subscriptions/subscription-schedules
"""

from typing import Any

from django.db import transaction

from apps.sandbox.stripe import (
    payment_sources,
    renewals,
    schedule_phases,
    subscription_changes,
    subscription_ends,
    subscription_status,
    subscriptions,
)
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json

KIND = "subscription_schedule"
OPEN = ("not_started", "active")


def create(ctx: Context, params: Json) -> Json:
    """From a subscription, or of phases that will make one. Publishes subscription_schedule.created."""
    if params.get("from_subscription"):
        if set(params) - {"from_subscription", "metadata"}:
            raise Invalid(
                "You cannot set other parameters if `from_subscription` is set.",
                param="from_subscription",
            )
        return _from_subscription(ctx, params)
    customer = ctx.get("customer", params.get("customer"), param="customer")
    ctx = ctx.on_clock_of(customer)
    start = params.get("start_date")
    start = ctx.now if start in {None, "now"} else int(str(start))
    phases = schedule_phases.parsed(ctx, params.get("phases") or [], start)
    schedule = _new(ctx, customer["id"], phases, params, status="not_started")
    ctx.emit(f"{KIND}.created", schedule)
    return advance(ctx, schedule) if start <= ctx.now else schedule


def _from_subscription(ctx: Context, params: Json) -> Json:
    found = ctx.get("subscription", params["from_subscription"], param="from_subscription")
    ctx = ctx.on_clock_of(found)
    subscription_status.require_living(found)
    if found["schedule"]:
        raise Invalid(
            "You cannot migrate a subscription that is already attached to a schedule: "
            f"{found['schedule']}.",
            param="from_subscription",
        )
    start, end = subscription_status.period(found)
    items = [schedule_phases.item_of(one) for one in found["items"]["data"]]
    phase = schedule_phases.phase({}, items, start, end) | {"trial_end": found["trial_end"]}
    schedule = _new(ctx, found["customer"], [phase], params, status="active")
    schedule = ctx.change(
        schedule,
        {
            "current_phase": {"end_date": end, "start_date": start},
            "subscription": found["id"],
        },
        due_at=end,
    )
    subscription_status.change(ctx, found, {"schedule": schedule["id"]})
    ctx.emit(f"{KIND}.created", schedule)
    return schedule


def _new(ctx: Context, customer: str, phases: list[Json], params: Json, *, status: str) -> Json:
    defaults = params.get("default_settings") or {}
    return ctx.create(
        KIND,
        {
            "application": None,
            "billing_mode": {"flexible": None, "type": "classic"},
            "canceled_at": None,
            "completed_at": None,
            "current_phase": None,
            "customer": customer,
            "customer_account": None,
            "default_settings": {
                "application_fee_percent": None,
                "billing_cycle_anchor": "automatic",
                "billing_thresholds": None,
                "collection_method": "charge_automatically",
                "default_payment_method": None,
                "default_source": None,
                "description": None,
                "invoice_settings": {
                    "account_tax_ids": None,
                    "days_until_due": None,
                    "issuer": {"type": "self"},
                },
                "on_behalf_of": None,
                "transfer_data": None,
            }
            | defaults,
            "end_behavior": _end_behavior(params.get("end_behavior") or "release"),
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "phases": phases,
            "released_at": None,
            "released_subscription": None,
            "status": status,
            "subscription": None,
            "test_clock": ctx.clock or None,
        },
        object_id=random_id("sub_sched_"),
        due_at=phases[0]["start_date"],
    )


def _end_behavior(wished: str) -> str:
    if wished not in {"release", "cancel"}:
        raise Invalid(
            "Invalid end_behavior: must be one of cancel, or release", param="end_behavior"
        )
    return wished


def update(ctx: Context, schedule: Json, params: Json) -> Json:
    """Phases are replaced as a whole. Publishes subscription_schedule.updated."""
    ctx = ctx.on_clock_of(schedule)
    _require_open(schedule, "update")
    changes: Json = {}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(schedule["metadata"], params["metadata"])
    if params.get("end_behavior"):
        changes["end_behavior"] = _end_behavior(params["end_behavior"])
    if params.get("default_settings"):
        changes["default_settings"] = schedule["default_settings"] | params["default_settings"]
    if params.get("phases") is not None:
        changes |= _new_phases(ctx, schedule, params)
    due = _due(schedule | changes)
    after = ctx.change(schedule, changes, f"{KIND}.updated", due_at=due)
    current = after["current_phase"]
    if params.get("phases") is None or current is None:
        return after
    if current["end_date"] <= ctx.now:
        return advance(ctx, after)
    phase = next(one for one in after["phases"] if one["start_date"] == current["start_date"])
    _apply(ctx, after, phase, params.get("proration_behavior"))
    return ctx.get(KIND, after["id"])


def _new_phases(ctx: Context, schedule: Json, params: Json) -> Json:
    current = schedule["current_phase"]
    given = params["phases"]
    start = schedule["phases"][0]["start_date"]
    first = given[0].get("start_date") if given else None
    if first not in {None, "now"}:
        start = int(first)
    elif current is not None:
        start = current["start_date"]
    phases = schedule_phases.parsed(ctx, given, start)
    changes: Json = {"phases": phases}
    if current is not None:
        found = [one for one in phases if one["start_date"] == current["start_date"]]
        if not found:
            raise Invalid(
                "You can not modify the start date of the current phase: it must be among the phases.",
                param="phases[0][start_date]",
            )
        changes["current_phase"] = {
            "end_date": found[0]["end_date"],
            "start_date": found[0]["start_date"],
        }
    return changes


def _due(schedule: Json) -> int | None:
    if schedule["status"] not in OPEN:
        return None
    current = schedule["current_phase"]
    return int(current["end_date"] if current else schedule["phases"][0]["start_date"])


def advance(ctx: Context, schedule: Json) -> Json:
    """Enter the phase whose time has come, or end after the last. Nothing where none is due."""
    due = _due(schedule)
    if due is None or due > ctx.now:
        return schedule
    current = schedule["current_phase"]
    coming = [
        one
        for one in schedule["phases"]
        if one["start_date"] <= ctx.now < one["end_date"]
        and (current is None or one["start_date"] >= current["end_date"])
    ]
    if not coming:
        return _finish(ctx, schedule)
    phase = coming[0]
    changes = {
        "current_phase": {"end_date": phase["end_date"], "start_date": phase["start_date"]},
        "status": "active",
    }
    schedule = ctx.change(schedule, changes, f"{KIND}.updated", due_at=phase["end_date"])
    try:
        with transaction.atomic():
            _apply(ctx, schedule, phase, None)
    except Invalid:
        # A coupon that ran out, say. Time goes on without the schedule.
        return release(ctx, schedule)
    return ctx.get(KIND, schedule["id"])


def _finish(ctx: Context, schedule: Json) -> Json:
    subscription = ctx.get("subscription", schedule["subscription"])
    if schedule["end_behavior"] == "cancel":
        changes = {"completed_at": ctx.now, "current_phase": None, "status": "completed"}
        done = ctx.change(schedule, changes, due_at=None)
        ctx.emit(f"{KIND}.completed", done)
        renewals.finish(ctx, subscription, reason="cancellation_requested")
        return done
    return release(ctx, schedule, status="completed")


def _apply(ctx: Context, schedule: Json, phase: Json, proration_behavior: str | None) -> None:
    """Make the subscription what the phase says; the first phase of a schedule makes it."""
    if schedule["subscription"] is None:
        _start(ctx, schedule, phase)
        return
    subscription = ctx.get("subscription", schedule["subscription"])
    if subscription["status"] in subscription_status.ENDED:
        return
    params: dict[str, Any] = {
        "items": schedule_phases.item_changes(subscription, phase["items"]),
        "proration_behavior": proration_behavior or phase["proration_behavior"],
    }
    if phase["billing_cycle_anchor"] == "phase_start" and phase["start_date"] == ctx.now:
        params["billing_cycle_anchor"] = "now"
    ends = phase["trial_end"]
    if ends and ends > ctx.now and ends != subscription["trial_end"]:
        params["trial_end"] = ends
    if phase["discounts"]:
        params["discounts"] = phase["discounts"]
    for name in ("default_payment_method", "description", "collection_method"):
        if phase[name] is not None:
            params[name] = phase[name]
    if phase["metadata"]:
        params["metadata"] = phase["metadata"]
    subscription_changes.update(ctx, subscription, params)


def _start(ctx: Context, schedule: Json, phase: Json) -> None:
    names = ("price", "quantity", "tax_rates")
    items = [
        {name: one[name] for name in names if one[name] is not None} | {"_is_planned": True}
        for one in phase["items"]
    ]
    defaults = schedule["default_settings"]
    params: Json = {"customer": schedule["customer"], "items": items}
    customer = ctx.get("customer", schedule["customer"])
    if payment_sources.method_of(ctx, customer) is None:
        params["payment_behavior"] = "default_incomplete"
    if phase["trial_end"] and phase["trial_end"] > ctx.now:
        params["trial_end"] = phase["trial_end"]
    for name in ("default_payment_method", "description", "collection_method"):
        value = phase[name] or defaults.get(name)
        if value is not None:
            params[name] = value
    if params.get("collection_method") == "send_invoice":
        params["days_until_due"] = defaults["invoice_settings"].get("days_until_due") or 30
    if phase["discounts"]:
        params["discounts"] = phase["discounts"]
    made = subscriptions.create(ctx, params)
    subscription_status.change(ctx, made, {"schedule": schedule["id"]})
    ctx.change(schedule, {"subscription": made["id"]}, f"{KIND}.updated")


def release(ctx: Context, schedule: Json, *, status: str = "released") -> Json:
    """The subscription goes on without it. Publishes subscription_schedule.released or completed."""
    _require_open(schedule, "release")
    changes: Json = {"current_phase": None, "status": status}
    if status == "completed":
        changes["completed_at"] = ctx.now
    changes |= {
        "released_at": ctx.now,
        "released_subscription": schedule["subscription"],
        "subscription": None,
    }
    after = ctx.change(schedule, changes, due_at=None)
    if schedule["subscription"]:
        subscription = ctx.get("subscription", schedule["subscription"])
        subscription_status.change(ctx, subscription, {"schedule": None})
    ctx.emit(f"{KIND}.{status}", after)
    return after


def cancel(ctx: Context, schedule: Json, params: Json) -> Json:
    """With its subscription. Publishes subscription_schedule.canceled."""
    ctx = ctx.on_clock_of(schedule)
    _require_open(schedule, "cancel")
    changes = {"canceled_at": ctx.now, "current_phase": None, "status": "canceled"}
    after = ctx.change(schedule, changes, due_at=None)
    ctx.emit(f"{KIND}.canceled", after)
    if schedule["subscription"]:
        subscription = ctx.get("subscription", schedule["subscription"])
        if subscription["status"] not in subscription_status.ENDED:
            wished: Json = {name: params.get(name) for name in ("invoice_now", "prorate")}
            subscription_ends.cancel(ctx, subscription, wished)
    return after


def _require_open(schedule: Json, verb: str) -> None:
    if schedule["status"] not in OPEN:
        raise Invalid(
            f"You cannot {verb} a subscription schedule that is currently in the "
            f"`{schedule['status']}` status.",
        )
