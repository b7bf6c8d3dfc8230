"""Examples in the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

from apps.organizations.api.v1.examples import ACCEPTED, ALICE, AT, BOB, LATER, MEMBER_ROLE


def _out(name: str, body: dict[str, Any], status: str = "") -> OpenApiExample:
    codes = [status] if status else None
    return OpenApiExample(name, body, response_only=True, status_codes=codes)


_TENANT = ACCEPTED.value["tenant"]
_ID = "0197c2a4-9f60-7b55-8e65-708192a3b4c5"
OFFER = _out(
    "Acme, at once",
    {"tenant": _TENANT, "join_mode": "automatic", "requested_at": None, "ask_again_at": None},
)
JOINED = _out("A member", {"tenant": _TENANT, "member_id": BOB["id"], "join_request_id": None})
ASKED = _out("A request", {"tenant": _TENANT, "member_id": None, "join_request_id": _ID}, "202")
_PENDING = {
    "id": _ID,
    "person_id": "0197c2a4-6d4e-7c1f-9f6e-0d1d2c3b4a5b",
    "email": "dana@acme.example",
    "name": "Dana Vos",
    "status": "pending",
    "decided_at": None,
    "decided_by": None,
    "member_id": None,
    "created_at": AT,
    "updated_at": AT,
}
REQUEST = _out("Waiting", _PENDING)
APPROVED = _out(
    "Approved",
    {
        **_PENDING,
        "status": "approved",
        "decided_at": LATER,
        "decided_by": ALICE,
        "member_id": BOB["id"],
    },
)
DECLINED = _out(
    "Declined", {**_PENDING, "status": "declined", "decided_at": LATER, "decided_by": ALICE}
)
APPROVE = OpenApiExample("As a member", {"role_ids": [MEMBER_ROLE["id"]]}, request_only=True)
