"""What is posted to a workspace's webhook, as Standard Webhooks has it (https://www.standardwebhooks.com).

Each message has the headers webhook-id, the same at every attempt, by which receivers tell what they have
already; webhook-timestamp, in seconds since 1970; and webhook-signature: `v1,` and the Base64 of an
HMAC-SHA256 over `id.timestamp.body`, one for each secret that is good, separated by spaces.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from apps.common.api.renderers import to_json
from apps.common.breakers import Breaker, CircuitOpen, SaysNothing
from apps.common.crypto import decrypt, encrypt
from apps.common.outbound import OutboundError, Upstream, retry_after_s, url_problem
from apps.notifications.models import WebhookTarget
from apps.tenants.models import Tenant

PREFIX = "whsec_"
SECRET_BYTES = 32
# After a rotation both are good, so that the receiver has time to take the new one.
OVERLAP = timedelta(hours=24)
TIMEOUT_S, CONNECT_S, MAX_ANSWER_BYTES = 15.0, 5.0, 64 * 1024
RETRY_AFTER_S = 30.0
DETAIL_CHARS = 200
GONE = 410
UPSTREAM = Upstream("webhooks", total_s=TIMEOUT_S, connect_s=CONNECT_S, at_once=16)


class NotTaken(Exception):
    """The receiver did not answer with 2xx. is_gone: it says that it never will again (410)."""

    def __init__(
        self, detail: str, *, retry_after_s: float = RETRY_AFTER_S, is_gone: bool = False
    ) -> None:
        self.detail, self.retry_after_s, self.is_gone = detail, retry_after_s, is_gone
        super().__init__(detail)


class NotAsked(SaysNothing, NotTaken):
    """As many of this process as may were posting to webhooks."""


def internal_hosts() -> frozenset[str]:
    return frozenset(settings.WEBHOOK_INTERNAL_HOSTS)


def address_problem(url: str) -> str:
    """Why a webhook cannot be there, or empty; by its text only."""
    return url_problem(url, internal_hosts())


def secret_make() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def secrets_seal(secret: str, former: str = "") -> bytes:
    """What is stored. former: the one before, which is good for OVERLAP still."""
    kept: list[dict[str, str]] = [{"secret": secret}]
    if former:
        kept.append({"secret": former, "until": (timezone.now() + OVERLAP).isoformat()})
    return encrypt(json.dumps(kept).encode())


def secrets_open(sealed: bytes | memoryview) -> list[str]:
    """Those that are good, the newest first."""
    kept = json.loads(decrypt(bytes(sealed)))
    now = timezone.now()
    return [
        one["secret"]
        for one in kept
        if "until" not in one or datetime.fromisoformat(one["until"]) > now
    ]


def signatures(good: list[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header webhook-signature."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join("v1," + _sign(secret, signed) for secret in good)


def _sign(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def post(target: WebhookTarget, tenant: Tenant, message_id: str, payload: dict[str, Any]) -> int:
    """Post it once, and return the status of 2xx. Not inside a transaction. Raises NotTaken."""
    body = to_json(payload)
    timestamp = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Wrapper-Webhook/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(
            secrets_open(target.secret_encrypted), message_id, timestamp, body
        ),
    }
    # Of the workspace and the host: nobody opens it for others who use the same host.
    breaker = Breaker(f"webhook.{tenant.id}.{urlsplit(target.url).hostname}")
    try:
        with breaker.attempt(failures=(NotTaken,)):
            return _post(target.url, headers, body)
    except CircuitOpen as error:
        raise NotTaken(str(error), retry_after_s=error.retry_after_s) from error


def _post(url: str, headers: dict[str, str], body: bytes) -> int:
    try:
        answer = UPSTREAM.request(
            "POST",
            url,
            data=body,
            headers=headers,
            max_bytes=MAX_ANSWER_BYTES,
            internal_hosts=internal_hosts(),
        )
    except OutboundError as error:
        if error.code == "busy":
            raise NotAsked(error.detail) from error
        raise NotTaken(error.detail) from error
    if 200 <= answer.status < 300:
        return answer.status
    raise NotTaken(
        f"It answered with the status {answer.status}.",
        retry_after_s=retry_after_s(answer.retry_after, RETRY_AFTER_S),
        is_gone=answer.status == GONE,
    )
