from drf_spectacular.utils import OpenApiExample

PROMPT = OpenApiExample(
    "Something to ask",
    {
        "survey": {
            "code": "platform.nps",
            "kind": "nps",
            "question": "How likely are you to recommend us to a colleague?",
            "lowest": 0,
            "highest": 10,
            "lowest_label": "Not at all likely",
            "highest_label": "Extremely likely",
        }
    },
    response_only=True,
)
NOTHING = OpenApiExample("Nothing to ask", {"survey": None}, response_only=True)
ANSWER = OpenApiExample(
    "A promoter", {"score": 9, "comment": "It saves me an hour a day."}, request_only=True
)
ANSWERED = OpenApiExample(
    "A promoter",
    {
        "id": "0197c2a4-9a10-7c11-8d22-3e4f50617283",
        "score": 9,
        "comment": "It saves me an hour a day.",
        "created_at": "2026-01-05T09:00:00Z",
    },
    response_only=True,
)
DISMISS = OpenApiExample("Not now", {"is_later": True}, request_only=True)
