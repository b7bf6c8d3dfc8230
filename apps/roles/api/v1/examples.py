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
    },
    response_only=True,
)
_HOST = {
    "name": "Host",
    "description": "Welcomes new colleagues.",
    "permissions": ["organizations.invite_member", "organizations.view_member"],
}
ROLE = OpenApiExample(
    "A custom role",
    {
        "id": "0197c2a4-8d11-7c63-9a6e-2b3c4d5e6f70",
        "code": "host",
        "is_system": False,
        "created_at": "2026-01-05T09:00:00Z",
        "updated_at": "2026-01-05T09:00:00Z",
        **_HOST,
    },
    response_only=True,
)
ROLE_CREATE = OpenApiExample("A custom role", _HOST, request_only=True)
ROLE_UPDATE = OpenApiExample(
    "Take a permission away", {"permissions": ["organizations.view_member"]}, request_only=True
)
