"""Examples in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

PERMISSION = OpenApiExample(
    "Invite members",
    {
        "code": "organizations.invite_member",
        "app": "organizations",
        "label": "Invite members",
        "description": "Invite people by e-mail, see, resend and revoke invitations.",
        "scoped": True,
        "dangerous": False,
        "for_keys": True,
        "read_only": False,
        "implies": ["organizations.view_organization"],
    },
    response_only=True,
)
_WELCOMER = {"id": "0197c2a4-8d0f-7b22-8f4d-3c4d5e6f7081", "code": "member", "name": "Member"}
_HOST = {
    "name": "Host",
    "description": "Welcomes new colleagues.",
    "permissions": ["organizations.invite_member"],
}
_HOST_REF = {"id": "0197c2a4-8d11-7c63-9a6e-2b3c4d5e6f70", "code": "host", "name": "Host"}
ROLE = OpenApiExample(
    "A custom role",
    {
        **_HOST_REF,
        **_HOST,
        "is_system": False,
        "includes": [_WELCOMER],
        "effective_permissions": [
            "organizations.invite_member",
            "organizations.view_member",
            "organizations.view_organization",
            "roles.view_role",
        ],
        "unknown_permissions": [],
        "created_at": "2026-01-05T09:00:00Z",
        "updated_at": "2026-01-05T09:00:00Z",
    },
    response_only=True,
)
_SOURCE = {"kind": "included", "code": "member", "name": "Member"}
COMPARISON = OpenApiExample(
    "Host beside Member",
    {
        "a": _HOST_REF,
        "b": _WELCOMER,
        "permissions": [
            {
                "code": "organizations.invite_member",
                "app": "organizations",
                "label": "Invite members",
                "dangerous": False,
                "held_by": "a",
                "a_sources": [{"kind": "own", "code": "host", "name": "Host"}],
                "b_sources": [],
            },
            {
                "code": "organizations.view_member",
                "app": "organizations",
                "label": "View members",
                "dangerous": False,
                "held_by": "both",
                "a_sources": [_SOURCE],
                "b_sources": [{"kind": "own", "code": "member", "name": "Member"}],
            },
        ],
    },
    response_only=True,
)
ROLE_CREATE = OpenApiExample(
    "A custom role", {**_HOST, "includes": [_WELCOMER["id"]]}, request_only=True
)
ROLE_UPDATE = OpenApiExample(
    "Take a permission away", {"permissions": ["organizations.view_member"]}, request_only=True
)

_KEY = {
    "id": "0197c2a4-9b20-7e51-8c3d-4e5f60718293",
    "name": "Nightly import",
    "hint": "sk_02Vf…9xQe",
    "state": "active",
    "permissions": ["organizations.view_member", "organizations.view_organization"],
    "unknown_permissions": [],
    "organization": {"id": "0197c2a4-8d10-7a41-b6c8-1a2b3c4d5e6f", "name": "Acme"},
    "networks": ["203.0.113.0/24"],
    "expires_at": "2026-04-05T09:00:00Z",
    "rotated_at": None,
    "previous_hint": "",
    "previous_until": None,
    "created_by": "alice@acme.test",
    "created_at": "2026-01-05T09:00:00Z",
    "last_used_at": "2026-01-06T02:00:11Z",
    "last_used_ip": "203.0.113.7",
    "revoked_at": None,
}
API_KEY = OpenApiExample("An API key", _KEY, response_only=True)
API_KEY_CREATE = OpenApiExample(
    "A key that reads",
    {
        "name": "Nightly import",
        "permissions": ["organizations.view_member", "organizations.view_organization"],
        "networks": ["203.0.113.0/24"],
        "expires_in_days": 90,
    },
    request_only=True,
)
API_KEY_NEW = OpenApiExample(
    "With the key itself",
    {
        "key": "sk_02VfExAmPLe0000000000000000000000000000000000000000009xQe",
        **_KEY,
        "last_used_at": None,
        "last_used_ip": None,
    },
    response_only=True,
)
API_KEY_UPDATE = OpenApiExample(
    "Good from anywhere, for another 30 days",
    {"networks": [], "expires_in_days": 30},
    request_only=True,
)
API_KEY_ROTATE = OpenApiExample(
    "Both good for a day", {"overlap_s": 86400, "expires_in_days": 90}, request_only=True
)
