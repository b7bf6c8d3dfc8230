"""What a subscription is begun or changed with: its trial, its anchor, its end, its discounts."""

from apps.sandbox.stripe import billing_periods
from apps.sandbox.stripe.billing_periods import Interval
from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.registry import Json
from apps.sandbox.stripe.subscription_status import period, with_period

DAY_S = 24 * 3600
NOT_PLAYED = (
    "application_fee_percent",
    "backdate_start_date",
    "billing_schedules",
    "billing_thresholds",
    "on_behalf_of",
    "pending_invoice_item_interval",
    "transfer_data",
)


def refuse_not_played(params: Json) -> None:
    for name in NOT_PLAYED:
        if params.get(name) is not None:
            raise Invalid(f"The sandbox's Stripe does not play {name}.", param=name)


def default_trial_settings() -> Json:
    return {"end_behavior": {"missing_payment_method": "create_invoice"}}


def check_currency(customer: Json, currency: str | None) -> None:
    if customer.get("currency") not in {None, currency}:
        raise Invalid(
            "You cannot combine currencies on a single customer. This customer has had a subscription, "
            f"coupon, or invoice item with currency {customer['currency']}.",
            param="items",
        )


def wished_discounts(params: Json) -> list[Json] | None:
    """`discounts`, or the previous versions' coupon and promotion_code; none if none is given."""
    if "discounts" in params:
        return params["discounts"] or []
    old = {name: params[name] for name in ("coupon", "promotion_code") if name in params}
    if not old:
        return None
    return [{name: value} for name, value in old.items() if value]


def cycle(ctx: Context, subscription: Json, params: Json) -> Json:
    """Its trial, its anchor, and the first period of its items."""
    interval = Interval.of(subscription["items"]["data"][0]["price"])
    ends = trial_end(ctx, subscription, params)
    anchor = _anchor(interval, params, after=ends or ctx.now)
    first = billing_periods.first_period(anchor, interval, ctx.now)
    start_end = (ctx.now, ends) if ends else first
    return {
        "billing_cycle_anchor": anchor,
        "items": with_period(subscription, *start_end),
        "status": "trialing" if ends else "incomplete",
        "trial_end": ends,
        "trial_start": ctx.now if ends else None,
    }


def trial_end(ctx: Context, subscription: Json, params: Json) -> int | None:
    wished, days = params.get("trial_end"), params.get("trial_period_days")
    if days is None and params.get("trial_from_plan"):
        first = subscription["items"]["data"][0]["price"]
        days = first["recurring"].get("trial_period_days")
    if wished == "now" or (wished is None and not days):
        return None
    ends = int(wished) if wished is not None else ctx.now + int(days or 0) * DAY_S
    if ends <= ctx.now:
        raise Invalid(
            "Invalid timestamp: must be an integer Unix timestamp in the future.", param="trial_end"
        )
    if ends > billing_periods.add_months(ctx.now, 60):
        raise Invalid("The trial_end cannot be more than five years from now.", param="trial_end")
    return ends


def _anchor(interval: Interval, params: Json, *, after: int) -> int:
    """after: the end of its trial, or its beginning, which the anchor is where none is wished."""
    config, anchor = params.get("billing_cycle_anchor_config"), params.get("billing_cycle_anchor")
    if config:
        if interval.unit not in {"month", "year"}:
            raise Invalid(
                "billing_cycle_anchor_config is for monthly and yearly prices only.",
                param="billing_cycle_anchor_config",
            )
        return billing_periods.anchor_from_config(config, after)
    if anchor is None:
        return after
    if anchor < after:
        raise Invalid("billing_cycle_anchor cannot be in the past.", param="billing_cycle_anchor")
    if anchor > billing_periods.advance(after, interval, 1):
        raise Invalid(
            "billing_cycle_anchor cannot be later than next natural billing date.",
            param="billing_cycle_anchor",
        )
    return int(anchor)


def cancellation(ctx: Context, subscription: Json, params: Json) -> Json:
    """What cancel_at and cancel_at_period_end set."""
    details = subscription["cancellation_details"] | {
        name: (params.get("cancellation_details") or {}).get(name)
        for name in ("comment", "feedback")
        if name in (params.get("cancellation_details") or {})
    }
    at = params.get("cancel_at")
    is_end = params.get("cancel_at_period_end")
    if at in {"min_period_end", "max_period_end"}:
        at, is_end = period(subscription)[1], None
    if at is not None and is_end:
        raise Invalid(
            "You may only specify one of these parameters: cancel_at, cancel_at_period_end.",
            param="cancel_at",
        )
    if is_end or at is not None:
        if at is not None and at <= ctx.now:
            raise Invalid("cancel_at must be in the future.", param="cancel_at")
        return {
            "cancel_at": period(subscription)[1] if at is None else at,
            "cancel_at_period_end": bool(is_end),
            "canceled_at": ctx.now,
            "cancellation_details": details | {"reason": "cancellation_requested"},
        }
    if is_end is False or ("cancel_at" in params and at is None):
        return {
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "cancellation_details": details | {"reason": None},
        }
    return {"cancellation_details": details}
