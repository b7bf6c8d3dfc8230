"""Examples in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

CREDENTIALS = OpenApiExample(
    "Sign in",
    {"email": "alice@acme.test", "password": "wrapper-demo"},
    request_only=True,
)
TOKEN_PAIR = OpenApiExample(
    "Tokens",
    {
        "access": "eyJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiIsInR5cCI6ImF0K2p3dCJ9...",
        "refresh": "2pV9c1m0...",
        "expires_in_s": 600,
        "token_type": "Bearer",
    },
    response_only=True,
)
REFRESH = OpenApiExample("Refresh token", {"refresh": "2pV9c1m0..."}, request_only=True)
SIGNUP = OpenApiExample(
    "Sign up",
    {"name": "Dana Vos", "email": "dana@example.com", "password": "a long pass phrase"},
    request_only=True,
)
MAIL_SENT = OpenApiExample(
    "Mail sent",
    {"detail": "If the address can be used, a mail is on its way to it."},
    response_only=True,
    status_codes=["202"],
)
EMAIL = OpenApiExample("Address", {"email": "dana@example.com"}, request_only=True)
ME = OpenApiExample(
    "Alice",
    {
        "id": "0197c2a4-6d4e-7c1f-9f6e-0d1d2c3b4a59",
        "email": "alice@acme.test",
        "name": "Alice Acme",
        "language": "en",
        "time_zone": "Europe/Amsterdam",
        "created_at": "2026-01-05T09:00:00Z",
    },
    response_only=True,
)
ME_UPDATE = OpenApiExample("Move to Lisbon", {"time_zone": "Europe/Lisbon"}, request_only=True)
MY_TENANT = OpenApiExample(
    "Acme",
    {
        "id": "0197c2a4-7a10-7b52-8f5d-1a2b3c4d5e6f",
        "slug": "acme",
        "name": "Acme",
        "status": "ready",
        "url": "http://acme.localhost:8000/",
    },
    response_only=True,
)
SESSION = OpenApiExample(
    "A phone",
    {
        "id": "0197c2a4-7fff-7aaa-8bbb-1a2b3c4d5e6f",
        "kind": "browser",
        "parent_id": None,
        "tenant": None,
        "host": "",
        "device": "Safari on iPhone",
        "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1",
        "ip": "203.0.113.7",
        "created_at": "2026-01-05T09:00:00Z",
        "last_used_at": "2026-01-06T17:20:00Z",
        "expires_at": "2026-01-19T09:00:00Z",
        "current": True,
    },
    response_only=True,
)
REVOKED = OpenApiExample("Two others", {"revoked": 2}, response_only=True)
SIGN_IN_POLICY = OpenApiExample(
    "A second factor for everybody",
    {"require_mfa": True, "allow_support": True},
    response_only=True,
)
SIGN_IN_POLICY_UPDATE = OpenApiExample(
    "Require a second factor", {"require_mfa": True}, request_only=True
)
CREDENTIALS_MFA = OpenApiExample(
    "Sign in with a second factor",
    {"email": "alice@acme.test", "password": "wrapper-demo", "mfa_code": "492039"},
    request_only=True,
)
REAUTHENTICATE = OpenApiExample("By password", {"password": "wrapper-demo"}, request_only=True)
FACTORS = OpenApiExample(
    "An app and a passkey",
    {
        "enabled": True,
        "totp": {"created_at": "2026-01-05T09:00:00Z", "last_used_at": "2026-01-06T08:12:00Z"},
        "passkeys": [
            {
                "id": 7,
                "name": "Laptop",
                "created_at": "2026-01-05T09:05:00Z",
                "last_used_at": None,
            }
        ],
        "recovery_codes_left": 9,
    },
    response_only=True,
)
TOTP_SETUP = OpenApiExample(
    "A secret for the app",
    {
        "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "uri": "otpauth://totp/alice%40acme.test?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Wrapper",
    },
    response_only=True,
)
TOTP_CODE = OpenApiExample("What the app shows", {"code": "492039"}, request_only=True)
RECOVERY_CODES = OpenApiExample(
    "Ten codes", {"recovery_codes": ["4829103847", "9920183746"]}, response_only=True
)
