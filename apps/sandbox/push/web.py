"""A browser's push service: RFC 8030 with VAPID (RFC 8292), which it demands, and messages of RFC 8291.

Unlike a real one it has the browser's private key too, and shows what was said.
"""

import json
import re
import secrets
import time

import http_ece
import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from django.http import HttpRequest, HttpResponse

from apps.sandbox.push import state
from apps.sandbox.push.serving import Refusal, push_api, receiver_of
from apps.sandbox.push.state import Message, Mode, Receiver, Service

# RFC 8292, section 2; RFC 8030, section 5.4; RFC 8291, section 4.
TOKEN_S, TOPIC, MAX_BYTES = 24 * 3600, re.compile(r"[A-Za-z0-9_-]{1,32}"), 4096
VAPID = re.compile(r"vapid\s+t=([^,\s]+)\s*,\s*k=([^,\s]+)")


def refusing(refusal: Refusal) -> HttpResponse:
    kind = "text/plain; charset=utf-8"
    return HttpResponse(f"{refusal.reason}\n", status=refusal.status, content_type=kind)


@push_api(
    Service.WEB,
    refusing,
    {
        Mode.DOWN: Refusal(503, "Service Unavailable"),
        Mode.THROTTLE: Refusal(429, "Too Many Requests"),
        Mode.LOST: Refusal(500, "Internal Server Error"),
    },
)
def push(request: HttpRequest, receiver_id: str) -> HttpResponse:
    gone = Refusal(410, "push subscription has unsubscribed or expired")
    receiver = receiver_of(request, Service.WEB, receiver_id, gone)
    _check_vapid(request, receiver)
    _check_message(request)
    text = _decrypted(request.body, receiver)
    state.message_add(
        Message(
            receiver.id,
            Service.WEB,
            topic=request.headers.get("Topic", ""),
            urgency=request.headers.get("Urgency", "normal"),
            ttl_s=int(request.headers["TTL"]),
            title=str(text.get("title", "")),
            body=str(text.get("body", "")),
            url=str(text.get("url", "")),
            raw=state.b64(request.body),
        )
    )
    response = HttpResponse(status=201)
    response["Location"] = request.build_absolute_uri(f"{request.path}/{secrets.token_hex(8)}")
    return response


def _check_vapid(request: HttpRequest, receiver: Receiver) -> None:
    found = VAPID.fullmatch(request.headers.get("Authorization", ""))
    if found is None:
        raise Refusal(401, "There is no vapid token in Authorization.")
    token, key = found.groups()
    if receiver.server_key and key != receiver.server_key:
        raise Refusal(403, "The key is not the one that the browser subscribed with.")
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), state.from_b64(key))
        claims = jwt.decode(
            token,
            public,
            algorithms=["ES256"],
            audience=f"{request.scheme}://{request.get_host()}",
            options={"require": ["aud", "exp", "sub"]},
        )
    except (ValueError, jwt.InvalidTokenError) as error:
        raise Refusal(403, f"The vapid token is not good: {error}") from error
    if claims["exp"] > time.time() + TOKEN_S:
        raise Refusal(403, "The vapid token is good for more than 24 hours.")
    if not str(claims["sub"]).startswith(("mailto:", "https:")):
        raise Refusal(403, "sub is neither mailto: nor https:.")


def _check_message(request: HttpRequest) -> None:
    if not request.headers.get("TTL", "").isdecimal():
        raise Refusal(400, "TTL is missing.")
    if request.headers.get("Content-Encoding") != "aes128gcm":
        raise Refusal(400, "Content-Encoding is not aes128gcm.")
    topic = request.headers.get("Topic")
    if topic is not None and not TOPIC.fullmatch(topic):
        raise Refusal(400, "Topic has more than 32 characters, or others than base64url.")
    if len(request.body) > MAX_BYTES:
        raise Refusal(413, "The body is larger than 4096 bytes.")


def _decrypted(body: bytes, receiver: Receiver) -> dict[str, object]:
    try:
        plain = http_ece.decrypt(
            body,
            private_key=receiver.key(),
            auth_secret=state.from_b64(receiver.auth),
            version="aes128gcm",
        )
        text = json.loads(plain)
    except (ValueError, InvalidTag, http_ece.ECEException) as error:
        raise Refusal(400, f"The browser could not decrypt it: {error}") from error
    return text if isinstance(text, dict) else {}
