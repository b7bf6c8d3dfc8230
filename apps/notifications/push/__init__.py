"""Push services: what takes a message for a device, and what its answer means for the device."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from apps.common.breakers import Breaker
from apps.common.notifying import Urgency

# A device that is off gets it for so long.
TTL_S = 3 * 24 * 3600
CONNECT_S, TOTAL_S = 3.0, 8.0
MAX_TITLE_CHARS, MAX_BODY_CHARS, MAX_URL_CHARS = 120, 500, 1000

# Of a browser {endpoint, p256dh, auth}, of an app {token}.
Address = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Note:
    """What a device shows. key: 32 hexadecimal digits; a second one with the same replaces the first."""

    key: str
    title: str
    body: str
    url: str
    urgency: Urgency = Urgency.NORMAL

    def data(self) -> dict[str, str]:
        """Cut to what fits into a push message (4 KiB with browsers and Apple), in any script."""
        return {
            "title": self.title[:MAX_TITLE_CHARS],
            "body": _cut(self.body),
            "url": self.url[:MAX_URL_CHARS],
            "tag": self.key,
        }


def _cut(text: str) -> str:
    return text if len(text) <= MAX_BODY_CHARS else f"{text[: MAX_BODY_CHARS - 1].rstrip()}…"


class Result(StrEnum):
    """TAKEN: the service has it. GONE: the device is no more, or no such one ever was.

    REFUSED: not this message, or not with our key. BUSY: too many for this device just now. AWAY: the service
    did not answer, or is not asked since it failed too often.
    """

    TAKEN = "taken"
    GONE = "gone"
    REFUSED = "refused"
    BUSY = "busy"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Answer:
    """service_key: the service's own id of what it took. retry_after_s: of BUSY and AWAY."""

    result: Result
    detail: str = ""
    service_key: str = ""
    retry_after_s: float = 0.0


class PushService(Protocol):
    """name: lasting; stored with what came of a delivery."""

    @property
    def name(self) -> str: ...

    def breaker(self, address: Address) -> Breaker:
        """Of what is asked for this address."""

    def send(self, address: Address, note: Note) -> Answer:
        """One request. Raises apps.messaging.errors.Unavailable where the service is away."""


def field_of(body: Any, *names: str) -> str:
    """A text inside nested objects of an answer; empty where it is not there."""
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, str) else ""
