"""Examples of bindings, groups and previews in the OpenAPI document."""

from apps.organizations.api.v1.examples import (
    AT,
    BINDING_ID,
    BOB,
    BRANCH,
    LATER,
    MEMBER_ROLE,
    ROOT,
    _in,
    _out,
)

ENGINEERING = {"id": "0197c2a4-8b20-7c22-8d33-92a3b4c5d6e7", "name": "Engineering"}
_EFFECT = {
    "member": BOB,
    "organization": BRANCH,
    "organizations": 3,
    "but": [],
    "whole_tenant": False,
    "gained": [],
    "lost": ["organizations.view_member"],
}
_PREVIEW = {
    "at": AT,
    "gaining": [],
    "losing": [BOB],
    "gaining_count": 0,
    "losing_count": 1,
    "effects": [_EFFECT],
    "effect_count": 1,
}
PREVIEW = _out("Bob would lose something", _PREVIEW)
MOVE_PREVIEW = _out("What would change", {**_PREVIEW, "organizations": 3})

BINDING = _out(
    "Bob is a member",
    {
        "id": BINDING_ID,
        "member": BOB,
        "group": None,
        "role": MEMBER_ROLE,
        "organization": ROOT,
        "starts_at": None,
        "ends_at": LATER,
        "state": "active",
        "created_at": AT,
    },
)
BINDING_CREATE = _in(
    "Bob becomes a member of Lisbon, for a week",
    {
        "member_id": BOB["id"],
        "role_id": MEMBER_ROLE["id"],
        "organization_id": BRANCH["id"],
        "ends_at": LATER,
    },
)
BINDING_UPDATE = _in("It ends in a week", {"ends_at": LATER})

_GRANT = {
    "binding_id": BINDING_ID,
    "role": "member",
    "role_id": MEMBER_ROLE["id"],
    "organization": ROOT,
    "group": ENGINEERING,
    "ends_at": None,
}
_EXPLANATION = {
    "permission": "organizations.view_member",
    "allowed": True,
    "reason": "role member at Acme, through the group Engineering",
    "role": "member",
    "organization_id": ROOT["id"],
    "grant": _GRANT,
    "also": [],
    "path": [ROOT, BRANCH],
    "held_elsewhere": [],
    "missing_roles": [],
}
EXPLANATION = _out("Allowed", _EXPLANATION)
ACCESS = _out(
    "In Lisbon",
    {
        "organization": BRANCH,
        "permissions": [_EXPLANATION],
        "held": [
            {
                "organization": ROOT,
                "permissions": ["organizations.view_member"],
                "grants": [_GRANT],
            }
        ],
    },
)
RETIRE = _in("Ask first", {"dry_run": True})

_HELD = {
    "binding_id": BINDING_ID,
    "role": MEMBER_ROLE,
    "organization": ROOT,
    "starts_at": None,
    "ends_at": None,
    "state": "active",
}
GROUP = _out(
    "A group that holds a role",
    {
        **ENGINEERING,
        "source": "directory",
        "external_id": "3f8e2b1a-0c4d-4e5f-9a6b-7c8d9e0f1a2b",
        "member_count": 12,
        "role": MEMBER_ROLE,
        "organization": ROOT,
        "roles": [_HELD],
        "created_at": AT,
        "updated_at": LATER,
    },
)
GROUP_CREATE = _in("A local group", {"name": "Engineering"})
GROUP_UPDATE = _in("It holds a role", {"role_id": MEMBER_ROLE["id"], "organization_id": ROOT["id"]})
GROUP_PERSON = _out(
    "Bob",
    {"member_id": BOB["id"], "name": BOB["name"], "email": BOB["email"], "created_at": AT},
)
GROUP_MEMBERS_ADD = _in("Bob comes in", {"member_ids": [BOB["id"]]})
