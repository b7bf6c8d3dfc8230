from drf_spectacular.utils import OpenApiExample

_LINE = {
    "type": "organizations.member_joined",
    "language": "en",
    "category": "people",
    "label": "Somebody joined",
    "is_own": True,
}
_WORDS = {"title": "Welcome {{ email }} to {{ tenant }}", "body": "", "action": ""}
LINE = OpenApiExample("One of them", _LINE, response_only=True)
WORDS = OpenApiExample("Another title", _WORDS, request_only=True)
TEMPLATE = OpenApiExample(
    "Another title",
    {
        **_LINE,
        "own": _WORDS,
        "standard": {
            "title": "{{ email }} joined {{ tenant }}",
            "body": "",
            "action": "Look at the member",
        },
        "variables": ["actor", "email", "member_id", "person_id", "tenant"],
    },
    response_only=True,
)
PREVIEW = OpenApiExample(
    "Another title",
    {
        "subject": "Welcome dana@example.com to Acme",
        "title": "Welcome dana@example.com to Acme",
        "body": "",
        "action": "Look at the member",
        "url": "https://acme.example.com/members/0197c2a4-9b1d-7d4e-8a3f-2b1c0d9e8f7a/",
        "text": "Welcome dana@example.com to Acme\n...",
        "html": "<!doctype html>...",
    },
    response_only=True,
)
