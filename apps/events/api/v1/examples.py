"""Examples in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

EVENT_TYPE = OpenApiExample(
    "Somebody joined",
    {
        "name": "organizations.member_joined",
        "version": 1,
        "scope": "organization",
        "aggregate": "member_id",
        "description": "Somebody became a member of the workspace.",
        "schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "organizations.member_joined",
            "type": "object",
            "properties": {"member_id": {"type": "string", "format": "uuid"}},
            "required": ["member_id"],
            "additionalProperties": False,
        },
    },
    response_only=True,
)
