"""iPhones and iPads: APNs.

https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns

Apple speaks HTTP/2 only and wants its connections kept: one client a process, which httpx opens again when
it is closed.
"""

import time
from functools import lru_cache
from typing import Any

import httpx
import jwt
from django.conf import settings

from apps.common.breakers import Breaker
from apps.common.notifying import Urgency
from apps.common.outbound import OutboundError, Upstream
from apps.messaging.errors import Busy, Unavailable
from apps.messaging.providers.http import BUSY_S, DETAIL_CHARS, RETRY_AFTER_S, retry_after_s
from apps.notifications.push import (
    CONNECT_S,
    TOTAL_S,
    TTL_S,
    Address,
    Answer,
    Note,
    Result,
    field_of,
)

PRIORITY = {Urgency.LOW: "1", Urgency.NORMAL: "5", Urgency.URGENT: "10"}
# "Handling notification responses from APNs": of the device. What else is 400 is of the message.
GONE = frozenset(
    {
        "BadDeviceToken",
        "DeviceTokenNotForTopic",
        "ExpiredToken",
        "Unregistered",
        "MissingDeviceToken",
    }
)
# Refreshed no more than every 20 minutes, no less than every 60.
TOKEN_S = 40 * 60
UPSTREAM = Upstream("push.apns", at_once=8, is_trusted=True)


class Apns:
    name = "apns"
    _breaker = Breaker("push.apns")

    def breaker(self, address: Address) -> Breaker:
        return self._breaker

    def send(self, address: Address, note: Note) -> Answer:
        data = note.data()
        headers = {
            "authorization": f"bearer {_token(int(time.time()) // TOKEN_S, settings.APNS_KEY)}",
            "apns-topic": settings.APNS_TOPIC,
            "apns-push-type": "alert",
            "apns-priority": PRIORITY[note.urgency],
            "apns-expiration": str(int(time.time()) + TTL_S),
            "apns-collapse-id": note.key,
        }
        alert = {"title": data["title"], "body": data["body"]}
        try:
            with UPSTREAM.counted() as noted:
                response = _client(settings.OUTBOUND_PROXY).post(
                    f"{settings.APNS_API_URL}/3/device/{address['token']}",
                    headers=headers,
                    json={"aps": {"alert": alert, "sound": "default"}, "url": data["url"]},
                )
                noted.status = response.status_code
        except OutboundError as error:
            raise Busy(error.detail, BUSY_S) from error
        except httpx.HTTPError as error:
            detail = f"{type(error).__name__}: {error}"[:DETAIL_CHARS]
            raise Unavailable(detail, RETRY_AFTER_S) from error
        if response.status_code == 200:
            return Answer(Result.TAKEN, service_key=response.headers.get("apns-id", ""))
        return _meaning(response)


def _meaning(response: httpx.Response) -> Answer:
    try:
        said: Any = response.json()
    except ValueError:
        said = None
    reason = field_of(said, "reason")
    detail = f"{response.status_code}: {reason}"
    pause_s = retry_after_s(response.headers.get("retry-after", ""))
    if response.status_code == 410 or reason in GONE:
        return Answer(Result.GONE, detail)
    if response.status_code == 429 and reason == "TooManyRequests":
        return Answer(Result.BUSY, detail, retry_after_s=pause_s)
    if response.status_code in (403, 429) or response.status_code >= 500:
        # 403 is of our key, not of the device.
        raise Unavailable(detail, pause_s)
    return Answer(Result.REFUSED, detail)


@lru_cache(maxsize=1)
def _client(proxy: str) -> httpx.Client:
    """HTTP/2 and nothing else: by TLS (ALPN), or in clear text with what serves the demo."""
    return httpx.Client(
        http1=False,
        http2=True,
        timeout=httpx.Timeout(TOTAL_S, connect=CONNECT_S),
        trust_env=False,
        proxy=proxy or None,
    )


@lru_cache(maxsize=2)
def _token(turn: int, key: str) -> str:
    """The provider's token of these TOKEN_S seconds: ES256, by our key."""
    claims = {"iss": settings.APNS_TEAM_ID, "iat": turn * TOKEN_S}
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": settings.APNS_KEY_ID})
