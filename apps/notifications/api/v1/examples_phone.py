from drf_spectacular.utils import OpenApiExample

NUMBER = OpenApiExample("A number", {"number": "+49 151 12345678"}, request_only=True)
CODE = OpenApiExample("A code", {"code": "123456"}, request_only=True)
PHONE = OpenApiExample(
    "Verified",
    {"number_end": "5678", "verified_at": "2026-01-05T09:00:00Z", "code_expires_at": None},
    response_only=True,
    status_codes=["200"],
)
WAITING = OpenApiExample(
    "Waits for its code",
    {"number_end": "5678", "verified_at": None, "code_expires_at": "2026-01-05T09:10:00Z"},
    response_only=True,
    status_codes=["202"],
)
