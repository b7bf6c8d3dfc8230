"""APNs, by HTTP/2 where the demo's server is; also by 1.1, which Apple's own refuses.

https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
"""

import json
import re
import time
import uuid
from typing import Any

import jwt
from django.http import HttpRequest, HttpResponse, JsonResponse

from apps.sandbox.push import keys, state
from apps.sandbox.push.serving import Refusal, push_api, receiver_of
from apps.sandbox.push.state import Message, Mode, Service

TOKEN_S, MAX_BYTES, MAX_COLLAPSE_BYTES = 3600, 4096, 64
DEVICE = re.compile(r"[0-9a-f]{64,200}")


def refusing(refusal: Refusal) -> HttpResponse:
    told: dict[str, Any] = {"reason": refusal.reason}
    if refusal.status == 410:
        told["timestamp"] = int(time.time() * 1000)
    return JsonResponse(told, status=refusal.status)


@push_api(
    Service.APNS,
    refusing,
    {
        Mode.DOWN: Refusal(503, "ServiceUnavailable"),
        Mode.THROTTLE: Refusal(429, "TooManyRequests"),
        Mode.LOST: Refusal(500, "InternalServerError"),
    },
)
def device(request: HttpRequest, receiver_id: str) -> HttpResponse:
    _check_token(request)
    _check_message(request, receiver_id)
    receiver = receiver_of(request, Service.APNS, receiver_id, Refusal(410, "Unregistered"))
    try:
        given = json.loads(request.body)
        alert = given["aps"]["alert"]
        values = {
            "title": str(alert["title"]),
            "body": str(alert["body"]),
            "url": str(given.get("url", "")),
        }
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(400, "PayloadEmpty") from error
    head = request.headers
    ttl_s = int(head.get("apns-expiration", "0")) - int(time.time())
    topic, urgency = head.get("apns-collapse-id", ""), head.get("apns-priority", "10")
    state.message_add(Message(receiver.id, Service.APNS, topic, urgency, ttl_s, **values))
    response = HttpResponse(status=200)
    response["apns-id"] = str(uuid.uuid4()).upper()
    return response


def _check_token(request: HttpRequest) -> None:
    given = request.headers.get("authorization", "")
    if not given.lower().startswith("bearer "):
        raise Refusal(403, "MissingProviderToken")
    try:
        if jwt.get_unverified_header(given[7:]).get("kid") != keys.APNS_KEY_ID:
            raise Refusal(403, "InvalidProviderToken")
        claims = jwt.decode(
            given[7:],
            keys.apns_key().public_key(),
            algorithms=["ES256"],
            issuer=keys.APNS_TEAM_ID,
            options={"require": ["iss", "iat"]},
        )
    except jwt.InvalidTokenError as error:
        raise Refusal(403, "InvalidProviderToken") from error
    if claims["iat"] < time.time() - TOKEN_S:
        raise Refusal(403, "ExpiredProviderToken")


def _check_message(request: HttpRequest, receiver_id: str) -> None:
    head = request.headers
    problems = {
        "BadDeviceToken": not DEVICE.fullmatch(receiver_id),
        "MissingTopic": not head.get("apns-topic"),
        "DeviceTokenNotForTopic": head.get("apns-topic") != keys.APNS_TOPIC,
        "InvalidPushType": head.get("apns-push-type") != "alert",
        "BadPriority": head.get("apns-priority", "10") not in ("1", "5", "10"),
        "BadExpirationDate": not head.get("apns-expiration", "0").isdecimal(),
        "BadCollapseId": len(head.get("apns-collapse-id", "").encode()) > MAX_COLLAPSE_BYTES,
        "PayloadEmpty": not request.body,
    }
    reason = next((reason for reason, holds in problems.items() if holds), "")
    if reason:
        raise Refusal(400, reason)
    if len(request.body) > MAX_BYTES:
        raise Refusal(413, "PayloadTooLarge")
