from urllib.parse import urlsplit

from apps.sandbox.stripe import listing, shapes
from apps.sandbox.stripe.context import Context, merged_metadata
from apps.sandbox.stripe.errors import Invalid
from apps.sandbox.stripe.models import random_id
from apps.sandbox.stripe.registry import Json, kind, route

kind("webhook_endpoint", prefix="we_")
MAX_ENDPOINTS = 16


@route("POST", "/v1/webhook_endpoints", "WebhookEndpointCreateParams")
def create(ctx: Context, params: Json) -> Json:
    """The answer has the secret, and no later one does."""
    if ctx.rows("webhook_endpoint").filter(is_deleted=False).count() >= MAX_ENDPOINTS:
        raise Invalid(
            f"You have reached the maximum of {MAX_ENDPOINTS} test webhook endpoints.",
            param="url",
        )
    version = params.get("api_version")
    return ctx.create(
        "webhook_endpoint",
        {
            "api_version": shapes.check_version(version) if version else None,
            "application": None,
            "description": params.get("description"),
            "enabled_events": _events(params["enabled_events"]),
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "secret": random_id("whsec_"),
            "status": "enabled",
            "url": _url(params["url"]),
        },
    )


@route("GET", "/v1/webhook_endpoints/{endpoint}", "WebhookEndpointRetrieveParams")
def retrieve(ctx: Context, params: Json, endpoint: str) -> Json:
    return _without_secret(ctx.get("webhook_endpoint", endpoint))


@route("POST", "/v1/webhook_endpoints/{endpoint}", "WebhookEndpointUpdateParams")
def update(ctx: Context, params: Json, endpoint: str) -> Json:
    found = ctx.get("webhook_endpoint", endpoint)
    changes: Json = {}
    if "url" in params:
        changes["url"] = _url(params["url"])
    if "enabled_events" in params:
        changes["enabled_events"] = _events(params["enabled_events"])
    if "disabled" in params:
        changes["status"] = "disabled" if params["disabled"] else "enabled"
    if "description" in params:
        changes["description"] = params["description"]
    if "metadata" in params:
        changes["metadata"] = merged_metadata(found["metadata"], params["metadata"])
    return _without_secret(ctx.change(found, changes))


@route("DELETE", "/v1/webhook_endpoints/{endpoint}")
def delete(ctx: Context, params: Json, endpoint: str) -> Json:
    return ctx.delete(ctx.get("webhook_endpoint", endpoint))


@route("GET", "/v1/webhook_endpoints", "WebhookEndpointListParams")
def index(ctx: Context, params: Json) -> Json:
    found = listing.page(ctx, "webhook_endpoint", params)
    return found | {"data": [_without_secret(one) for one in found["data"]]}


def _without_secret(endpoint: Json) -> Json:
    return {name: value for name, value in endpoint.items() if name != "secret"}


def _events(given: list[str]) -> list[str]:
    if not given:
        raise Invalid("You must enable at least one event.", param="enabled_events")
    return given


def _url(given: str | None) -> str:
    parts = urlsplit(given or "")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Invalid(
            "Invalid URL: An explicit scheme (such as https) must be provided.",
            code="url_invalid",
            param="url",
        )
    return str(given)
