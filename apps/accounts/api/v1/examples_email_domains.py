"""Examples in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

_WAITING = {
    "id": "0197c2a4-8a10-7b52-8f5d-1a2b3c4d5e6f",
    "domain": "acme.example",
    "join_mode": "off",
    "verified_at": None,
    "checked_at": None,
    "proof_missing_since": None,
    "check_code": None,
    "check_error": "",
    "txt_name": "_wrapper-challenge.acme.example",
    "txt_value": "wrapper-verify=3f0e0b1c5d6a47e8b2a1c9d8e7f60514",
    "created_at": "2026-01-06T17:20:00Z",
}
_VERIFIED = {
    **_WAITING,
    "verified_at": "2026-01-06T18:02:00Z",
    "checked_at": "2026-01-06T18:02:00Z",
    "check_code": "found",
}
CLAIM = OpenApiExample("A claim", {"domain": "acme.example"}, request_only=True)
CREATED = OpenApiExample("Waiting for proof", _WAITING, response_only=True, status_codes=["201"])
VERIFIED = OpenApiExample("Verified", _VERIFIED, response_only=True)
MISSING = OpenApiExample(
    "No record",
    {
        **_WAITING,
        "checked_at": "2026-01-06T17:25:00Z",
        "check_code": "missing",
        "check_error": (
            "There is no TXT record at _wrapper-challenge.acme.example. Add it; a new record can take up to "
            "an hour until it is seen everywhere."
        ),
    },
    response_only=True,
)
OPEN = OpenApiExample("Open to all", {**_VERIFIED, "join_mode": "automatic"}, response_only=True)
OPEN_UP = OpenApiExample("Open to all", {"join_mode": "automatic"}, request_only=True)
