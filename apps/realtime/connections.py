"""Who is connected: one socket each, what it hears, and how it is cut off."""

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator
from enum import IntEnum
from typing import cast

from websockets.asyncio.connection import broadcast
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request
from websockets.protocol import State

from apps.common.live import audience_of
from apps.realtime.hub import Audience, Listener
from apps.realtime.judging import PATH, Admission, Handshake

# What may wait for one that reads slowly; more, and it is cut off. Some thousand messages.
MAX_UNSENT_BYTES = 256 * 1024
CLOSE_TIMEOUT_S = 5
# Of everybody: what the handshake said is not kept.
_NOTHING_ASKED = Request(PATH, Headers())


class Close(IntEnum):
    """Codes of RFC 6455, section 7.4, and of our own, which are the 4000 and HTTP's status."""

    UNEXPECTED = 1008
    RESTART = 1012
    LATER = 1013
    SIGNED_OUT = 4401
    REFUSED = 4403
    TOO_SLOW = 4408
    TOO_MANY = 4429


class Socket(ServerConnection):
    """A connection after its handshake."""

    audiences: tuple[Audience, ...] = ()
    admission: Admission
    handshake_by: Handshake
    judged_at_s: float
    due_at_s: float
    began_at_s: float
    has_resumed = False
    is_cut = False
    sent = 0

    def admit(self, admission: Admission, handshake: Handshake) -> None:
        self.admission, self.handshake_by = admission, handshake
        self.audiences = admission.audiences
        self.began_at_s = self.judged_at_s = time.monotonic()

    def forget_request(self) -> None:
        """A few kilobytes of headers, with cookies and tickets in them."""
        self.request = _NOTHING_ASKED
        self.response = None


class Connections:
    """All that are open. Of one event loop."""

    def __init__(self) -> None:
        self._open: set[Socket] = set()
        self._of_person: dict[str, set[Socket]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.sent = 0
        self.cut = 0

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Socket]:
        return iter(tuple(self._open))

    @property
    def people(self) -> int:
        return len(self._of_person)

    def of(self, person: str) -> Collection[Socket]:
        """Of one person, as audiences name them."""
        return tuple(self._of_person.get(person, ()))

    def add(self, socket: Socket) -> None:
        self._open.add(socket)
        self._of_person.setdefault(_person(socket), set()).add(socket)

    def remove(self, socket: Socket) -> None:
        self._open.discard(socket)
        of_it = self._of_person[_person(socket)]
        of_it.discard(socket)
        if not of_it:
            del self._of_person[_person(socket)]

    def send(self, listeners: Iterable[Listener], frame: bytes) -> None:
        """At once to all that keep up; those that do not are cut off, and hold up nobody."""
        ready = []
        for socket in cast(Iterable[Socket], listeners):
            if socket.state is not State.OPEN or socket.is_cut:
                continue
            if socket.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
                self.close(socket, Close.TOO_SLOW, "too slow")
                continue
            socket.sent += 1
            ready.append(socket)
        self.sent += len(ready)
        broadcast(ready, frame, text=True)

    def close(self, socket: Socket, code: Close, reason: str) -> None:
        """Begin to."""
        if socket.is_cut:
            return
        socket.is_cut = True
        self.cut += 1
        task = asyncio.create_task(_close(socket, code, reason))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _person(socket: Socket) -> str:
    return audience_of(socket.admission.person_id)


async def _close(socket: Socket, code: Close, reason: str) -> None:
    """Who does not read what is before the code does not see it either."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await socket.close(code, reason)
    except TimeoutError:
        socket.transport.abort()
