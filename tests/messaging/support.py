"""What the tests of messaging share."""

import base64
from typing import Any

from cryptography.hazmat.primitives import serialization
from django.core.cache import caches

from apps.common.actors import Actor, ActorKind
from apps.common.breakers import Breaker
from apps.sandbox.messaging import keys

MAILGUN = "mailgun"
# Of a port that refuses connections.
NOBODY = "http://127.0.0.1:9/v3"
SENDGRID = base64.b64encode(
    keys.sendgrid_signing_key()
    .public_key()
    .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
# Of no tenant, and not of the platform.
SOMEBODY = Actor(ActorKind.PERSON, "alice@acme.test")


def let_time_pass(breaker: Breaker) -> None:
    """Until somebody may probe."""
    redis: Any = caches["global"]._cache.get_client()  # type: ignore[attr-defined]
    redis.hset(breaker._key("state"), "open_until", 1)
