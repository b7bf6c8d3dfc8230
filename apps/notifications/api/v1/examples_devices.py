from drf_spectacular.utils import OpenApiExample

DEVICE = OpenApiExample(
    "A browser",
    {
        "id": "0197c2a4-9a10-7c11-8d22-3e4f50617284",
        "kind": "web",
        "label": "Firefox on Linux",
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "last_seen_at": "2026-01-05T09:00:00.123456Z",
        "created_at": "2026-01-05T09:00:00.123456Z",
    },
    response_only=True,
)
NEW_BROWSER = OpenApiExample(
    "Of a browser",
    {
        "kind": "web",
        "subscription": {
            "endpoint": "https://push.example.com/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
            "keys": {
                "p256dh": (
                    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
                    "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
                ),
                "auth": "BTBZMqHH6r4Tts7J_aSIgg",
            },
        },
    },
    request_only=True,
)
NEW_APP = OpenApiExample(
    "Of an app",
    {"kind": "android", "token": "bk3RNwTe3H0:CI2k_HHwgIpoDKCIZvvDMExUdFQ3P1", "label": "Pixel 9"},
    request_only=True,
)
