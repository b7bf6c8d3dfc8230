from drf_spectacular.utils import OpenApiExample

NOTIFICATION = OpenApiExample(
    "Somebody asks to join",
    {
        "id": "0197c2a4-9a10-7c11-8d22-3e4f50617283",
        "type": "organizations.join_requested",
        "category": "people",
        "urgency": "normal",
        "title": "dana@example.com asks to join Acme",
        "body": "Let them in, or decline. They are told either way.",
        "action": "Look at the request",
        "url": "https://acme.example.com/invitations/requests/",
        "created_at": "2026-01-05T09:00:00.123456Z",
        "read_at": None,
        "archived_at": None,
    },
    response_only=True,
)
UNREAD = OpenApiExample("Three are unread", {"count": 3}, response_only=True)
