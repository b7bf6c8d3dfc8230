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
CURRENT = OpenApiExample(
    "Acme",
    {
        "id": ID,
        "slug": "acme",
        "name": "Acme Holding",
        "status": "ready",
        "url": "http://acme.localhost:8000/",
        "created_at": "2026-01-05T09:00:00Z",
        "updated_at": "2026-01-06T17:20:00Z",
    },
    response_only=True,
)
