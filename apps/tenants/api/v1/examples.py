"""Examples in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

ID = "0197c2a4-7a10-7b52-8f5d-1a2b3c4d5e6f"
CREATE = OpenApiExample("Acme", {"name": "Acme", "slug": "acme"}, request_only=True)
REQUESTED = OpenApiExample(
    "Asked for",
    {
        "id": ID,
        "slug": "acme",
        "name": "Acme",
        "status": "pending",
        "url": "http://acme.localhost:8000/",
    },
    response_only=True,
    status_codes=["202"],
)
PROGRESS = OpenApiExample(
    "Half way",
    {
        "id": ID,
        "slug": "acme",
        "name": "Acme",
        "status": "provisioning",
        "url": "http://acme.localhost:8000/",
        "percent": 50,
        "steps": [
            {"label": "Creating your own database schema", "state": "done"},
            {"label": "Setting up roles and permissions", "state": "done"},
            {"label": "Preparing your organization", "state": "active"},
            {"label": "Making you the owner", "state": "waiting"},
        ],
    },
    response_only=True,
)
RENAME = OpenApiExample("New name", {"name": "Acme Holding"}, request_only=True)
BRAND = OpenApiExample("New colour", {"accent_color": "#1d4ed8"}, request_only=True)
ORIGINS = OpenApiExample(
    "Sites that may call the API",
    {"allowed_origins": ["https://app.acme.example"]},
    request_only=True,
)
READDRESS = OpenApiExample("New address", {"slug": "acme-holding"}, request_only=True)
CURRENT = OpenApiExample(
    "Acme",
    {
        "id": ID,
        "slug": "acme",
        "name": "Acme Holding",
        "status": "ready",
        "url": "http://acme.localhost:8000/",
        "accent_color": "#1d4ed8",
        "mail_footer": "Acme Holding Ltd, 1 High Street, London",
        "allowed_origins": ["https://app.acme.example"],
        "created_at": "2026-01-05T09:00:00Z",
        "updated_at": "2026-01-06T17:20:00Z",
    },
    response_only=True,
)
DOMAIN_CLAIM = OpenApiExample("A claim", {"domain": "work.acme.example"}, request_only=True)
_WAITING = {
    "id": ID,
    "domain": "work.acme.example",
    "is_primary": False,
    "is_alias": False,
    "verified_at": None,
    "checked_at": None,
    "check_code": None,
    "check_error": "",
    "txt_name": "_wrapper-challenge.work.acme.example",
    "txt_value": "wrapper-verify=3f0e0b1c5d6a47e8b2a1c9d8e7f60514",
    "created_at": "2026-01-06T17:20:00Z",
}
DOMAIN_WAITING = OpenApiExample("Waiting for proof", _WAITING, response_only=True)
DOMAIN_CREATED = OpenApiExample(
    "Waiting for proof", _WAITING, response_only=True, status_codes=["201"]
)
DOMAIN_MISSING = OpenApiExample(
    "No record",
    {
        **_WAITING,
        "checked_at": "2026-01-06T17:25:00Z",
        "check_code": "missing",
        "check_error": (
            "There is no TXT record at _wrapper-challenge.work.acme.example. Add it; a new record can take "
            "up to an hour until it is seen everywhere."
        ),
    },
    response_only=True,
)
_VERIFIED = {
    **_WAITING,
    "verified_at": "2026-01-06T18:02:00Z",
    "checked_at": "2026-01-06T18:02:00Z",
    "check_code": "found",
}
DOMAIN_VERIFIED = OpenApiExample("Verified", _VERIFIED, response_only=True)
DOMAIN_PRIMARY = OpenApiExample("Primary", {**_VERIFIED, "is_primary": True}, response_only=True)
DOMAIN_SUBDOMAIN = OpenApiExample(
    "The subdomain",
    {
        **_WAITING,
        "domain": "acme.localhost",
        "is_primary": True,
        "verified_at": "2026-01-05T09:00:00Z",
        "txt_name": None,
        "txt_value": None,
        "created_at": "2026-01-05T09:00:00Z",
    },
    response_only=True,
)
