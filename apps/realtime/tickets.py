"""One-time tickets: how a program, or a page on another host, opens a socket without sending its credentials.

In Redis under their hash, with what they stand for encrypted: who reads Redis opens nothing with it.
"""

import hashlib
import secrets
from dataclasses import asdict, dataclass

import orjson

from apps.common.crypto import decrypt, encrypt
from apps.common.redis_client import redis_client

LIFETIME_S = 30
PREFIX = "realtime:ticket:"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Good for this person in this tenant. cookie or authorization: the headers of the request that asked."""

    tenant_id: str
    person_id: str
    cookie: str = ""
    authorization: str = ""


def ticket_issue(ticket: Ticket) -> str:
    """The secret, good once for LIFETIME_S. Raises redis.exceptions.ConnectionError, TimeoutError."""
    token = secrets.token_urlsafe(32)
    redis_client().set(_key(token), encrypt(orjson.dumps(asdict(ticket))), ex=LIFETIME_S)
    return token


def ticket_take(token: str) -> Ticket | None:
    """What it stands for, the first time; None when it is unknown, used or expired.

    Raises redis.exceptions.ConnectionError, TimeoutError.
    """
    found: bytes | None = redis_client().getdel(_key(token))
    return Ticket(**orjson.loads(decrypt(found))) if found else None


def _key(token: str) -> str:
    return PREFIX + hashlib.sha256(token.encode()).hexdigest()
