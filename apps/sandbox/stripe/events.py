"""Events, and their deliveries to webhook endpoints (https://docs.stripe.com/api/events)."""

import copy
from typing import TYPE_CHECKING

from apps.sandbox.stripe.models import StripeDelivery, StripeObject, random_id
from apps.sandbox.stripe.registry import Json, registry

if TYPE_CHECKING:
    from apps.sandbox.stripe.context import Context


def emit(ctx: "Context", event: str, data: Json, before: Json | None) -> Json:
    """In the transaction that changes the object: the event commits with it, or not at all."""
    endpoints = [one for one in _endpoints(ctx) if _wants(one, event)]
    inside: Json = {"object": copy.deepcopy(data)}
    if before is not None:
        inside["previous_attributes"] = before
    made = ctx.create(
        "event",
        {
            "api_version": ctx.account.api_version,
            "data": inside,
            "pending_webhooks": len(endpoints),
            "request": {"id": ctx.request_id, "idempotency_key": ctx.idempotency_key},
            "type": event,
        },
        object_id=random_id("evt_"),
    )
    StripeDelivery.objects.bulk_create(
        StripeDelivery(
            account=ctx.account, event_id=made["id"], event_type=event, endpoint_id=one["id"]
        )
        for one in endpoints
    )
    for listener in registry.listeners.get(event, ()):
        listener(ctx, copy.deepcopy(data))
    return made


def _endpoints(ctx: "Context") -> list[Json]:
    rows = StripeObject.objects.filter(
        account=ctx.account, kind="webhook_endpoint", is_deleted=False
    )
    return [row.data for row in rows]


def _wants(endpoint: Json, event: str) -> bool:
    wanted = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in wanted or event in wanted)


def previous(before: Json, after: Json) -> Json:
    """What an updated event says: of the attributes that changed, the values that they had."""
    found: Json = {}
    for name in before | after:
        old, new = before.get(name), after.get(name)
        if old == new or name.startswith("_"):
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            found[name] = previous(old, new)
        else:
            found[name] = copy.deepcopy(old)
    return found
