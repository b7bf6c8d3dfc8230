"""What the process was told lately, and who of those that are connected hears it. Of one event loop."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from apps.common.live import KEEP_ENTRIES, KEEP_S

# Of an entry in the stream: milliseconds since 1970 and a number within them.
EntryId = tuple[int, int]
# Tenant's id or nothing, and whom in it: as apps.common.live writes it.
Audience = tuple[str, str]
NOTHING: EntryId = (0, 0)


def read_id(text: str) -> EntryId:
    """Raises ValueError."""
    ms, _, number = text.partition("-")
    if not (ms.isascii() and ms.isdigit() and number.isascii() and number.isdigit()):
        raise ValueError(f"{text!r} is no id of a message")
    return int(ms), int(number)


def write_id(entry_id: EntryId) -> str:
    return f"{entry_id[0]}-{entry_id[1]}"


@dataclass(frozen=True, slots=True)
class Message:
    """again_s: for what changes often, when to say it once more."""

    id: EntryId
    audience: Audience
    kind: str
    data: bytes
    again_s: float = 0.0

    def frame(self, entry_id: EntryId | None = None) -> bytes:
        """JSON. entry_id: another one than its own."""
        return b'{"id":"%s","kind":%s,"data":%s}' % (
            write_id(entry_id or self.id).encode(),
            orjson.dumps(self.kind),
            self.data,
        )


class Listener(Protocol):
    @property
    def audiences(self) -> Sequence[Audience]: ...


Send = Callable[[Iterable[Listener], bytes], None]


class Hub:
    """send: passes a frame on to listeners; must neither wait nor raise.

    position: the last entry that was heard. A listener that has it has missed nothing.
    """

    def __init__(self, send: Send, *, keep: int = KEEP_ENTRIES, keep_s: int = KEEP_S) -> None:
        self._send, self._keep, self._keep_ms = send, keep, keep_s * 1000
        self.position = NOTHING
        # Of what came after it, all is kept.
        self._floor = NOTHING
        self._kept: deque[Message] = deque()
        self._kept_for: dict[Audience, deque[Message]] = {}
        self._listeners: dict[Audience, set[Listener]] = {}
        self._again: dict[tuple[Audience, str], Message] = {}
        self.heard = 0

    def begin(self, *, floor: EntryId, position: EntryId) -> None:
        """Nothing is kept yet: what came after `floor` is kept next, up to `position`."""
        self._kept.clear()
        self._kept_for.clear()
        self._floor, self.position = floor, position

    def join(self, listener: Listener) -> None:
        for audience in listener.audiences:
            self._listeners.setdefault(audience, set()).add(listener)

    def leave(self, listener: Listener) -> None:
        for audience in listener.audiences:
            found = self._listeners.get(audience, set())
            found.discard(listener)
            if not found:
                self._listeners.pop(audience, None)

    def keep(self, message: Message) -> None:
        """Remember it for those who resume."""
        self._kept.append(message)
        self._kept_for.setdefault(message.audience, deque()).append(message)
        self.position = max(self.position, message.id)
        oldest_ms = self.position[0] - self._keep_ms
        while self._kept and (len(self._kept) > self._keep or self._kept[0].id[0] < oldest_ms):
            gone = self._kept.popleft()
            of_it = self._kept_for[gone.audience]
            of_it.popleft()
            if not of_it:
                del self._kept_for[gone.audience]
            self._floor = max(self._floor, gone.id)

    def hear(self, message: Message) -> None:
        """Keep it, and let those have it whom it is for."""
        self.heard += 1
        self.keep(message)
        key = (message.audience, message.kind)
        if key in self._again:
            self._again[key] = message
            return
        if message.again_s:
            self._again[key] = message
            asyncio.get_running_loop().call_later(message.again_s, self._say_again, key)
        self._tell(message.audience, message.frame())

    def missed(self, listener: Listener, since: EntryId) -> list[bytes] | None:
        """Frames that came after an entry, in their order; None: not all of them are kept.

        since: may be made up, of a time.
        """
        if since < self._floor:
            return None
        found = [
            message
            for audience in listener.audiences
            for message in self._kept_for.get(audience, ())
            if message.id > since
        ]
        return [message.frame() for message in sorted(found, key=lambda one: one.id)]

    def _say_again(self, key: tuple[Audience, str]) -> None:
        message = self._again.pop(key)
        # Its own id would take a listener back: by now others have passed.
        self._tell(message.audience, message.frame(self.position))

    def _tell(self, audience: Audience, frame: bytes) -> None:
        if listeners := self._listeners.get(audience):
            self._send(listeners, frame)
