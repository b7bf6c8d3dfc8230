"""Examples in the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

ROOT = {"id": "0197c2a4-7b20-7d11-8a21-3c4d5e6f7081", "name": "Acme"}
BRANCH = {"id": "0197c2a4-7b20-7d11-8a21-3c4d5e6f7082", "name": "Lisbon"}
ALICE = {
    "id": "0197c2a4-7c30-7e22-9b32-4d5e6f708192",
    "name": "Alice Archer",
    "email": "alice@acme.test",
}
BOB = {
    "id": "0197c2a4-7c30-7e22-9b32-4d5e6f708193",
    "name": "Bob Baker",
    "email": "bob@acme.test",
}
MEMBER_ROLE = {
    "id": "0197c2a4-7d40-7f33-8c43-5e6f708192a3",
    "code": "member",
    "name": "Member",
}
BINDING_ID = "0197c2a4-7e50-7a44-9d54-6f708192a3b4"
AT, LATER = "2026-01-05T09:00:00Z", "2026-01-12T09:00:00Z"


def request_example(name: str, body: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, body, request_only=True)


def response_example(name: str, body: dict[str, Any], status: str = "") -> OpenApiExample:
    codes = [status] if status else None
    return OpenApiExample(name, body, response_only=True, status_codes=codes)


ORGANIZATION = response_example(
    "A branch",
    {
        **BRANCH,
        "parent": ROOT["id"],
        "depth": 2,
        "path": "00010001",
        "created_at": AT,
        "updated_at": AT,
    },
)
ORGANIZATION_CREATE = request_example("A branch", {"name": "Lisbon", "parent": ROOT["id"]})
ORGANIZATION_UPDATE = request_example("New name", {"name": "Lisbon and Porto"})
MOVE = request_example("Ask first", {"parent": ROOT["id"], "dry_run": True})
PREVIEW = response_example(
    "What would change", {"organizations": 3, "gaining": [BOB], "losing": []}
)

MEMBER = response_example(
    "Bob",
    {
        **BOB,
        "person_id": "0197c2a4-6d4e-7c1f-9f6e-0d1d2c3b4a5a",
        "status": "active",
        "organization": ROOT,
        "roles": [{"binding_id": BINDING_ID, "role": MEMBER_ROLE, "organization": ROOT}],
        "created_at": AT,
        "updated_at": AT,
    },
)
MEMBER_UPDATE = request_example("Move to Lisbon", {"organization_id": BRANCH["id"]})

INVITATION = response_example(
    "To Dana",
    {
        "id": "0197c2a4-8f60-7b55-8e65-708192a3b4c5",
        "email": "dana@example.com",
        "status": "pending",
        "organization": ROOT,
        "role_ids": [MEMBER_ROLE["id"]],
        "invited_by": ALICE,
        "member_id": None,
        "sent_at": AT,
        "expires_at": LATER,
        "accepted_at": None,
        "revoked_at": None,
        "created_at": AT,
        "updated_at": AT,
    },
)
INVITATION_CREATE = request_example(
    "To Dana", {"email": "dana@example.com", "role_ids": [MEMBER_ROLE["id"]]}
)
ACCEPT = request_example("From the link", {"token": "WyIwMTk3YzJhNC4uLiJd:1vXyZ0:2f6c..."})
ACCEPTED = response_example(
    "Joined Acme",
    {
        "tenant": {
            "id": "0197c2a4-7a10-7b52-8f5d-1a2b3c4d5e6f",
            "slug": "acme",
            "name": "Acme",
            "status": "ready",
            "url": "http://acme.localhost:8000/",
        },
        "member_id": BOB["id"],
    },
)

BINDING = response_example(
    "Bob is a member",
    {
        "id": BINDING_ID,
        "member": BOB,
        "role": MEMBER_ROLE,
        "organization": ROOT,
        "created_at": AT,
    },
)
BINDING_CREATE = request_example(
    "Bob becomes a member of Lisbon",
    {
        "member_id": BOB["id"],
        "role_id": MEMBER_ROLE["id"],
        "organization_id": BRANCH["id"],
    },
)
EXPLANATION = response_example(
    "Allowed",
    {
        "allowed": True,
        "reason": "role member at Acme",
        "role": "member",
        "organization_id": ROOT["id"],
    },
)
