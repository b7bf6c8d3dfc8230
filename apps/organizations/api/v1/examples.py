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


def _in(name: str, body: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, body, request_only=True)


def _out(name: str, body: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, body, response_only=True)


ORGANIZATION = _out(
    "A branch",
    {
        **BRANCH,
        "parent": ROOT["id"],
        "depth": 2,
        "path": "00010001",
        "archived_at": None,
        "created_at": AT,
        "updated_at": AT,
    },
)
ORGANIZATION_CREATE = _in("A branch", {"name": "Lisbon", "parent": ROOT["id"]})
ORGANIZATION_UPDATE = _in("New name", {"name": "Lisbon and Porto"})
MOVE = _in("Ask first", {"parent": ROOT["id"], "dry_run": True})

MEMBER = _out(
    "Bob",
    {
        **BOB,
        "person_id": "0197c2a4-6d4e-7c1f-9f6e-0d1d2c3b4a5a",
        "status": "active",
        "organization": ROOT,
        "further_organizations": [BRANCH],
        "roles": [
            {
                "binding_id": BINDING_ID,
                "role": MEMBER_ROLE,
                "organization": ROOT,
                "starts_at": None,
                "ends_at": LATER,
                "state": "active",
            }
        ],
        "created_at": AT,
        "updated_at": AT,
    },
)
MEMBER_ORGANIZATION = _in("Besides the primary one", {"primary": False})
MEMBER_UPDATE = _in("Move to Lisbon", {"organization_id": BRANCH["id"]})

INVITATION = _out(
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
INVITATION_CREATE = _in("To Dana", {"email": "dana@example.com", "role_ids": [MEMBER_ROLE["id"]]})
ACCEPT = _in("From the link", {"token": "WyIwMTk3YzJhNC4uLiJd:1vXyZ0:2f6c..."})
ACCEPTED = _out(
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

OFFBOARD = _in("To Alice", {"successor_id": "0197c2a4-8b10-7c02-9a55-0a1b2c3d4e5f"})
OFFBOARDED = _out(
    "Three invitations",
    {
        "handed_over": [
            {"code": "organizations.invitation", "label": "Open invitations", "count": 3}
        ]
    },
)
OWN_DATA = _out(
    "Bob's",
    {
        "exported_at": "2026-01-02T09:00:00Z",
        "account": {
            "accounts.tokensession": [
                {
                    "user_agent": "Acme App/2.1 (iPhone)",
                    "ip": "203.0.113.7",
                    "last_used_at": "2026-01-02T08:59:00Z",
                    "expires_at": "2026-02-01T08:59:00Z",
                    "revoked_at": None,
                    "created_at": "2025-12-30T10:00:00Z",
                }
            ]
        },
        "workspaces": [
            {
                "slug": "acme",
                "name": "Acme",
                "tables": {
                    "organizations.member": [
                        {
                            "email": "bob@example.com",
                            "name": "Bob Baker",
                            "status": "active",
                            "organization__name": "Acme",
                            "created_at": "2025-12-01T10:00:00Z",
                        }
                    ]
                },
            }
        ],
    },
)
ERASE = _in("With your address", {"email": "ada@acme.example"})
ERASURE = OpenApiExample(
    "Under way",
    {"id": "0197c2a4-9f10-7c02-a111-0a1b2c3d4e5f", "created_at": AT},
    response_only=True,
    status_codes=["202"],
)
