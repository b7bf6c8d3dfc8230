"""Firebase Cloud Messaging, HTTP v1, and the part of Google's OAuth that service accounts use.

https://developers.google.com/identity/protocols/oauth2/service-account and
https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
"""

import json
import secrets

import jwt
from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.sandbox.push import keys, state
from apps.sandbox.push.serving import Refusal, push_api, receiver_of
from apps.sandbox.push.state import Message, Mode, Service

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
# Google's, wherever its clients were told to ask.
AUDIENCE = "https://oauth2.googleapis.com/token"
TOKEN_S, SALT = 3600, "sandbox.push.google"
ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """RFC 7523, section 2.1."""
    if request.POST.get("grant_type") != GRANT:
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)
    try:
        claims = jwt.decode(
            request.POST.get("assertion", ""),
            keys.google_key().public_key(),
            algorithms=["RS256"],
            audience=AUDIENCE,
            issuer=keys.CLIENT_EMAIL,
            options={"require": ["exp", "iat", "iss"]},
        )
    except jwt.InvalidTokenError as error:
        told = {"error": "invalid_grant", "error_description": str(error)}
        return JsonResponse(told, status=400)
    if claims.get("scope") != SCOPE:
        return JsonResponse({"error": "invalid_scope"}, status=400)
    access = signing.dumps(keys.CLIENT_EMAIL, salt=SALT)
    return JsonResponse({"access_token": access, "expires_in": TOKEN_S, "token_type": "Bearer"})


def refusing(refusal: Refusal) -> HttpResponse:
    error = {
        "code": refusal.status,
        "message": refusal.detail or refusal.reason,
        "status": STATUSES[refusal.status],
        "details": [{"@type": ERROR, "errorCode": refusal.reason}],
    }
    return JsonResponse({"error": error}, status=refusal.status)


@push_api(
    Service.FCM,
    refusing,
    {
        Mode.DOWN: Refusal(503, "UNAVAILABLE"),
        Mode.THROTTLE: Refusal(429, "QUOTA_EXCEEDED"),
        Mode.LOST: Refusal(500, "INTERNAL"),
    },
)
def send(request: HttpRequest, project: str) -> HttpResponse:
    _check_token(request)
    if project != keys.PROJECT:
        raise Refusal(403, "SENDER_ID_MISMATCH")
    try:
        message = json.loads(request.body)["message"]
        note, android, data = message["notification"], message["android"], message["data"]
        values = {"title": str(note["title"]), "body": str(note["body"]), "url": str(data["url"])}
        ttl_s, topic = int(android["ttl"].rstrip("s")), str(android["collapse_key"])
        receiver_id = str(message["token"])
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(400, "INVALID_ARGUMENT", f"Invalid JSON payload: {error}") from error
    receiver = receiver_of(request, Service.FCM, receiver_id, Refusal(404, "UNREGISTERED"))
    state.message_add(
        Message(receiver.id, Service.FCM, topic, android.get("priority", ""), ttl_s, **values)
    )
    return JsonResponse({"name": f"projects/{project}/messages/{secrets.token_hex(8)}"})


def _check_token(request: HttpRequest) -> None:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        signing.loads(given, salt=SALT, max_age=TOKEN_S)
    except signing.BadSignature as error:
        detail = "Request had invalid authentication credentials."
        raise Refusal(401, "THIRD_PARTY_AUTH_ERROR", detail) from error
