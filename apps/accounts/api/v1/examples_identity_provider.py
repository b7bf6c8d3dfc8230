"""Examples about a workspace's identity provider."""

from drf_spectacular.utils import OpenApiExample

CONNECT = OpenApiExample(
    "Connect",
    {
        "name": "Acme ID",
        "discovery_url": "https://id.acme.test/.well-known/openid-configuration",
        "client_id": "wrapper",
        "client_secret": "xxxxxxxxxxxxxxxx",
        "groups_claim": "groups",
    },
    request_only=True,
)
ENFORCE = OpenApiExample(
    "Enforce",
    {"state": "enforced", "break_glass_ids": ["0197c2a4-6d4e-7c1f-9f6e-0d1d2c3b4a59"]},
    request_only=True,
)
PROVIDER = OpenApiExample(
    "Acme ID",
    {
        "id": "0197c2a4-7e00-7a55-9c66-1a2b3c4d5e6f",
        "name": "Acme ID",
        "state": "on",
        "discovery_url": "https://id.acme.test/.well-known/openid-configuration",
        "issuer": "https://id.acme.test",
        "client_id": "wrapper",
        "groups_claim": "groups",
        "default_role_id": "0197c2a4-7d00-7a11-8b22-1a2b3c4d5e6f",
        "break_glass_ids": ["0197c2a4-6d4e-7c1f-9f6e-0d1d2c3b4a59"],
        "redirect_uri": "https://wrapper.example/oidc/callback/",
        "backchannel_logout_uri": "https://wrapper.example/oidc/backchannel-logout/",
        "last_test": {
            "tested_at": "2026-01-05T09:00:00Z",
            "error": "",
            "claims": {
                "sub": "a-001",
                "email": "alice@acme.test",
                "name": "Alice Archer",
                "groups": ["staff"],
            },
        },
        "created_at": "2026-01-05T08:50:00Z",
        "updated_at": "2026-01-05T09:00:00Z",
    },
    response_only=True,
)
