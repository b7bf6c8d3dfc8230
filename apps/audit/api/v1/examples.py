from drf_spectacular.utils import OpenApiExample

_INVITED = {
    "id": "0197c2a4-9a10-7c11-8d22-3e4f50617283",
    "number": 4711,
    "occurred_at": "2026-01-05T09:00:00.123456Z",
    "action": "organizations.member_invited",
    "summary": "Member invited: dana@example.com",
    "actor": {
        "kind": "person",
        "person_id": "0197c2a4-6d4e-7c1f-9f6e-0d1d2c3b4a59",
        "label": "alice@acme.test",
    },
    "impersonator": None,
    "address": "203.0.113.7",
    "agent": "Mozilla/5.0 (X11; Linux x86_64)",
    "target_type": "invitation",
    "targets": ["0197c2a4-8f60-7b55-8e65-708192a3b4c5"],
    "request_id": "0197c2a4-9a0f-7d00-9e11-2f3041526374",
    "data": {
        "invitation_id": "0197c2a4-8f60-7b55-8e65-708192a3b4c5",
        "email": "dana@example.com",
    },
    "before": {},
    "after": {},
    "hash": "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9",
}
ENTRY = OpenApiExample("Alice invited Dana", _INVITED, response_only=True)
LINE = OpenApiExample(
    "A line an entry",
    '{"id":"0197c2a4-9a10-7c11-8d22-3e4f50617283","number":4711,"action":"organizations.member_invited"}\n',
    response_only=True,
    media_type="application/x-ndjson",
)
CSV = OpenApiExample(
    "A line an entry",
    "number,id,time,action,summary\r\n4711,0197c2a4-9a10-7c11-8d22-3e4f50617283,...\r\n",
    response_only=True,
    media_type="text/csv",
)
