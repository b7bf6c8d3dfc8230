"""Examples of provisioning in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

from apps.organizations.api.v1.examples import AT, LATER

_TOKEN = {
    "id": "0197c2a4-8a10-7b11-9c22-8192a3b4c5d6",
    "label": "Entra",
    "hint": "9f2c",
    "is_good": True,
    "created_by": "alice@acme.test",
    "expires_at": None,
    "last_used_at": LATER,
    "last_used_ip": "203.0.113.7",
    "revoked_at": None,
    "created_at": AT,
    "updated_at": AT,
}
TOKEN = OpenApiExample("A token", _TOKEN, response_only=True)
NEW_TOKEN = OpenApiExample(
    "A new token",
    {
        "token": "scim_" + "5d41402abc4b2a76" * 4 + "1b2c9f2c",
        **_TOKEN,
        "last_used_at": None,
        "last_used_ip": None,
    },
    response_only=True,
)
TOKEN_CREATE = OpenApiExample(
    "For a year", {"label": "Entra", "expires_in_days": 365}, request_only=True
)
