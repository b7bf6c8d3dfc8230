"""Phases of a subscription's schedule at Stripe, as they are sent back: they are replaced as a whole."""

from collections.abc import Mapping
from typing import Any

from apps.billing.stripe_shapes import ref

# Of a phase, as it was.
KEPT = ("start_date", "end_date", "proration_behavior", "trial_end", "metadata")


def phases_left(schedule: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The present one and those to come, with what they are discounted by."""
    begun, left = schedule["current_phase"]["start_date"], []
    for phase in schedule["phases"]:
        if phase["start_date"] < begun:
            continue
        items = [
            {"price": ref(item["price"]), "quantity": item["quantity"]} for item in phase["items"]
        ]
        left.append({"items": items, **{name: phase[name] for name in KEPT if phase.get(name)}})
        if phase["discounts"]:
            left[-1]["discounts"] = [
                {name: value for name, value in one.items() if value} for one in phase["discounts"]
            ]
    return left
