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
_EMAIL = {
    "channel": "email",
    "choice": False,
    "default": True,
    "is_on": False,
    "is_locked": False,
    "reason": "turned_off",
}
_TIMING = {
    "digest": "daily",
    "hour": 8,
    "weekday": 0,
    "quiet_from": "22:00",
    "quiet_until": "07:00",
}
PREFERENCES = OpenApiExample(
    "No mails about the plan, a digest a day, and quiet nights",
    {
        "categories": [
            {
                "code": "plan",
                "label": "Plan and payment",
                "is_urgent": False,
                "help_text": "Limits, invoices, changes of the plan.",
                "channels": [_EMAIL],
                "types": [
                    {
                        "code": "billing.limit_neared",
                        "label": "A limit of the plan is near",
                        "is_urgent": False,
                        "channels": [_EMAIL | {"choice": None, "default": False}],
                    }
                ],
            }
        ],
        "timing": _TIMING | {"time_zone": "Europe/Berlin"},
    },
    response_only=True,
)
PREFERENCES_UPDATE = OpenApiExample(
    "No mails about the plan, and a digest a day",
    {
        "preferences": [{"subject": "plan", "channel": "email", "is_on": False}],
        "timing": {"digest": "daily", "hour": 8},
    },
    request_only=True,
)
DELIVERY = OpenApiExample(
    "A mail that waits for the end of quiet hours",
    {
        "id": "0197c2a4-9a10-7c11-8d22-3e4f50617284",
        "notification_id": "0197c2a4-9a10-7c11-8d22-3e4f50617280",
        "type": "billing.limit_neared",
        "member_id": "0197c2a4-9a10-7c11-8d22-3e4f50617285",
        "channel": "email",
        "state": "pending",
        "reason": "quiet_hours",
        "digest_id": None,
        "due_at": "2026-01-06T06:00:00Z",
        "attempts": 0,
        "error": "",
        "sent_at": None,
        "arrived_at": None,
        "created_at": "2026-01-05T22:10:00.123456Z",
    },
    response_only=True,
)
