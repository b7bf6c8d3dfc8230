"""Browsers: Web Push (RFC 8030), encrypted (RFC 8291), in the platform's name (VAPID, RFC 8292).

Which service it is, the browser decides: its address is asked as any that strangers name, and encryption
keeps from it what is said.
"""

import base64
import binascii
import json
import time
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from py_vapid import Vapid02
from pywebpush import WebPusher

from apps.common.breakers import Breaker
from apps.common.notifying import Urgency
from apps.common.outbound import Answer as HttpAnswer
from apps.common.outbound import OutboundError, Upstream, url_problem
from apps.messaging.errors import Busy, Unavailable
from apps.messaging.providers.http import BUSY_S, RETRY_AFTER_S, retry_after_s
from apps.notifications.push import CONNECT_S, TOTAL_S, TTL_S, Address, Answer, Note, Result

# RFC 8292, section 2: at most 24 hours.
TOKEN_S = 12 * 3600
# RFC 8030, section 5.3.
URGENCY = {Urgency.LOW: "low", Urgency.NORMAL: "normal", Urgency.URGENT: "high"}
# RFC 8291, section 3.1: a point of P-256, uncompressed, and a secret.
POINT_BYTES, SECRET_BYTES = 65, 16
# Of the names of breakers and counts; then comes the service's host.
PREFIX = "push.web."
NEVER_ASKED = ("url_refused", "address_refused")


class WebPush:
    name = "webpush"

    def breaker(self, address: Address) -> Breaker:
        """Of the service's host: whoever names one of their own cannot close the others'."""
        return Breaker(_name(address["endpoint"]))

    def send(self, address: Address, note: Note) -> Answer:
        endpoint = address["endpoint"]
        headers = {
            **authorization(endpoint),
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(TTL_S),
            "Urgency": URGENCY[note.urgency],
            "Topic": note.key,
        }
        try:
            return _meaning(
                _upstream(endpoint).request(
                    "POST",
                    endpoint,
                    data=encrypted(address, _json(note)),
                    headers=headers,
                    internal_hosts=internal_hosts(),
                ),
                note,
            )
        except OutboundError as error:
            if error.code in NEVER_ASKED:
                # There is no such push service, nor will there be.
                return Answer(Result.GONE, error.detail)
            if error.code == "busy":
                raise Busy(error.detail, BUSY_S) from error
            raise Unavailable(error.detail, RETRY_AFTER_S) from error


def _name(endpoint: str) -> str:
    return f"{PREFIX}{urlsplit(endpoint).hostname}"


def _upstream(endpoint: str) -> Upstream:
    return Upstream(_name(endpoint), total_s=TOTAL_S, connect_s=CONNECT_S, at_once=8)


def _meaning(answer: HttpAnswer, note: Note) -> Answer:
    """RFC 8030, sections 5, 7.3 and 8.4."""
    detail = f"{answer.status}: {answer.body[:300].decode(errors='replace')}"
    if answer.status in (200, 201, 202, 204):
        return Answer(Result.TAKEN, service_key=note.key)
    if answer.status in (404, 410):
        return Answer(Result.GONE, detail)
    if answer.status == 429:
        return Answer(Result.BUSY, detail, retry_after_s=retry_after_s(answer.retry_after))
    if answer.status >= 500:
        raise Unavailable(detail, retry_after_s(answer.retry_after))
    return Answer(Result.REFUSED, detail)


def _json(note: Note) -> bytes:
    return json.dumps(note.data(), ensure_ascii=False).encode()


def encrypted(address: Address, data: bytes) -> bytes:
    keys = {"p256dh": address["p256dh"], "auth": address["auth"]}
    pusher = WebPusher({"endpoint": address["endpoint"], "keys": keys})
    return bytes(pusher.encode(data)["body"])


def authorization(endpoint: str) -> dict[str, str]:
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + TOKEN_S,
        "sub": settings.WEB_PUSH_CONTACT or f"mailto:{settings.SUPPORT_EMAIL}",
    }
    return dict(_vapid(settings.WEB_PUSH_PRIVATE_KEY).sign(claims))


def public_key() -> str:
    """What browsers subscribe with: a point of P-256 in base64url. Empty where no key is set."""
    if not settings.WEB_PUSH_PRIVATE_KEY:
        return ""
    return public_key_of(settings.WEB_PUSH_PRIVATE_KEY)


@lru_cache(maxsize=4)
def public_key_of(private_key: str) -> str:
    point = _vapid(private_key).public_key.public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint
    )
    return _b64(point)


def private_key_new() -> str:
    """32 bytes in base64url, as WEB_PUSH_PRIVATE_KEY takes it."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return _b64(number.to_bytes(32, "big"))


@lru_cache(maxsize=4)
def _vapid(private_key: str) -> Vapid02:
    """Raises ValueError for what is no key of P-256."""
    return Vapid02.from_string(private_key)


def problem_of(address: Address) -> str:
    """What is wrong with a subscription, or "". Where its host leads to is seen when it is asked."""
    if problem := url_problem(address["endpoint"], internal_hosts()):
        return problem
    try:
        point, secret = _bytes(address["p256dh"]), _bytes(address["auth"])
        if len(point) != POINT_BYTES:
            return "p256dh is no public key."
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except (ValueError, binascii.Error):
        return "p256dh or auth cannot be read."
    return "" if len(secret) == SECRET_BYTES else "auth has not 16 bytes."


def internal_hosts() -> frozenset[str]:
    return frozenset(settings.PUSH_INTERNAL_HOSTS)


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
