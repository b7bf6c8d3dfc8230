"""What the push services know, took and are told to do. In Redis: a test's server thread sees no transaction.

Keys: sandbox:push:receivers (a hash of JSON by id), :messages (a list, the newest first), :topics (how often
each was taken) and :switch:{service} (a hash).
"""

import base64
import json
import secrets
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from apps.common.redis_client import redis_client

PREFIX = "sandbox:push"
KEPT_MESSAGES = 2000
KEEP_S = 30 * 24 * 3600


class Service(StrEnum):
    WEB = "web"
    FCM = "fcm"
    APNS = "apns"

    @property
    def label(self) -> str:
        return {"web": "A browser’s push service", "fcm": "FCM", "apns": "APNs"}[self.value]


class Mode(StrEnum):
    """How a service answers."""

    WORKS = "works"
    GONE = "gone"
    THROTTLE = "throttle"
    DOWN = "down"
    LOST = "lost"

    @property
    def label(self) -> str:
        return {
            "works": "takes messages",
            "gone": "knows no device: 410 or 404",
            "throttle": "throttles: 429, try again later",
            "down": "down: 503",
            "lost": "takes it, and the answer is lost: 500",
        }[self.value]


@dataclass(frozen=True)
class Receiver:
    """A browser or a phone. id: what its address ends with, or its token. private_key: of a browser, a number
    in hexadecimal; auth: its secret in base64url. server_key: the only one it takes messages from, if set.
    """

    id: str
    service: Service
    label: str
    private_key: str = ""
    auth: str = ""
    server_key: str = ""
    made_at: str = field(default_factory=lambda: timezone.now().isoformat())

    def key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int(self.private_key, 16), ec.SECP256R1())

    @property
    def p256dh(self) -> str:
        point = (
            self.key()
            .public_key()
            .public_bytes(encoding=Encoding.X962, format=PublicFormat.UncompressedPoint)
        )
        return b64(point)


@dataclass(frozen=True)
class Message:
    """topic: what a second one with the same replaces. raw: of a browser, what was sent, in base64url."""

    receiver: str
    service: Service
    topic: str
    urgency: str
    ttl_s: int
    title: str
    body: str
    url: str
    raw: str = ""
    received_at: str = field(default_factory=lambda: timezone.now().isoformat())


@dataclass(frozen=True)
class Switch:
    """times: for so many requests; 0: until it is changed."""

    mode: Mode = Mode.WORKS
    times: int = 0


def receiver_add(service: Service, label: str = "", server_key: str = "") -> Receiver:
    if service is Service.WEB:
        number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
        made = Receiver(
            secrets.token_urlsafe(24),
            service,
            label,
            private_key=f"{number:x}",
            auth=b64(secrets.token_bytes(16)),
            server_key=server_key,
        )
    else:
        made = Receiver(secrets.token_hex(32), service, label)
    redis_client().hset(f"{PREFIX}:receivers", made.id, json.dumps(asdict(made)))
    return made


def receiver_remove(receiver_id: str) -> None:
    """As if the browser was uninstalled."""
    redis_client().hdel(f"{PREFIX}:receivers", receiver_id)


def receiver(service: Service, receiver_id: str) -> Receiver | None:
    found = redis_client().hget(f"{PREFIX}:receivers", receiver_id)
    made = _receiver(found) if found else None
    return made if made and made.service is service else None


def receivers() -> list[Receiver]:
    found = [_receiver(one) for one in redis_client().hvals(f"{PREFIX}:receivers")]
    return sorted(found, key=lambda one: one.made_at, reverse=True)


def message_add(message: Message) -> None:
    with redis_client().pipeline() as pipe:
        pipe.lpush(f"{PREFIX}:messages", json.dumps(asdict(message)))
        pipe.ltrim(f"{PREFIX}:messages", 0, KEPT_MESSAGES - 1)
        pipe.hincrby(f"{PREFIX}:topics", message.topic, 1)
        for name in ("receivers", "messages", "topics"):
            pipe.expire(f"{PREFIX}:{name}", KEEP_S)
        pipe.execute()


def messages(receiver_id: str = "", at_most: int = 100) -> list[Message]:
    """The newest first."""
    found = redis_client().lrange(f"{PREFIX}:messages", 0, -1 if receiver_id else at_most - 1)
    made = [_message(one) for one in found]
    return [one for one in made if not receiver_id or one.receiver == receiver_id][:at_most]


def topics() -> dict[str, int]:
    """How often each was taken, by all services together."""
    found = redis_client().hgetall(f"{PREFIX}:topics")
    return {name.decode(): int(count) for name, count in found.items()}


def switch_set(service: Service, mode: Mode, times: int = 0) -> None:
    redis_client().hset(f"{PREFIX}:switch:{service}", mapping={"mode": mode, "times": times})


def switch_of(service: Service) -> Switch:
    found = {
        k.decode(): v.decode() for k, v in redis_client().hgetall(_switch_key(service)).items()
    }
    return Switch(Mode(found.get("mode", Mode.WORKS)), int(found.get("times", 0)))


def switch_take(service: Service) -> Mode:
    """How this request is answered, which counts."""
    told = switch_of(service)
    if told.times and redis_client().hincrby(_switch_key(service), "times", -1) == 0:
        switch_set(service, Mode.WORKS)
    return told.mode


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64(text: str) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _receiver(text: bytes) -> Receiver:
    given = json.loads(text)
    return Receiver(**{**given, "service": Service(given["service"])})


def _message(text: bytes) -> Message:
    given = json.loads(text)
    return Message(**{**given, "service": Service(given["service"])})


def _switch_key(service: Service) -> str:
    return f"{PREFIX}:switch:{service}"
