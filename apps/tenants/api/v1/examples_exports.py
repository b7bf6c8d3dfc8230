"""Examples of exports in the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_QUEUED: dict[str, Any] = {
    "id": "0197c2a4-8c20-7f11-9a42-3b4c5d6e7f80",
    "status": "queued",
    "requested_by": "alice@acme.test",
    "percent": 0,
    "tables_done": 0,
    "tables_total": 0,
    "created_at": "2026-01-06T17:20:00Z",
    "finished_at": None,
    "expires_at": None,
    "size_bytes": None,
    "sha256": "",
    "error": "",
    "download_url": None,
}
_READY = {
    **_QUEUED,
    "status": "ready",
    "percent": 100,
    "tables_done": 12,
    "tables_total": 12,
    "finished_at": "2026-01-06T17:20:09Z",
    "expires_at": "2026-01-13T17:20:09Z",
    "size_bytes": 1_482_113,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "download_url": "http://acme.localhost:8000/files/WyIwMTk3...:1vDq2k:b3Jn.../",
}
REQUESTED = OpenApiExample("Asked for", _QUEUED, response_only=True, status_codes=["202"])
READY = OpenApiExample("Ready", _READY, response_only=True, status_codes=["200"])
