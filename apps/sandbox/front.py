"""What a proxy does in production, for the demo's one port: WebSockets to one process, the rest to another.

`python -m apps.sandbox.front PORT WEB_PORT REALTIME_PORT`. It reads the head of a connection's first request,
decides, and from then on passes bytes on, both ways: a browser opens a new connection for each WebSocket.
"""

import asyncio
import contextlib
import re
import signal
import sys
from typing import cast

HOST = "127.0.0.1"
MAX_HEAD_BYTES = 64 * 1024
UPGRADE = re.compile(rb"\r\nupgrade:[ \t]*websocket[ \t]*\r\n", re.IGNORECASE)
END_OF_HEAD = b"\r\n\r\n"
GRACE_S = 8.0


class End(asyncio.Protocol):
    """One end of a connection that is passed on; `other` is the one that gets what comes here."""

    transport: asyncio.Transport
    other: "End | None" = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        """The other direction may go on."""
        if self.other is not None and self.other.transport.can_write_eof():
            self.other.transport.write_eof()
        return self.other is not None

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None:
            self.other.transport.close()

    def pause_writing(self) -> None:
        """Who sends faster than the other reads waits."""
        if self.other is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.transport.resume_reading()


class Client(End):
    """The end that came to us."""

    def __init__(self, front: "Front") -> None:
        self._front = front
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._front.clients.add(self)

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)
            return
        self._head += data
        if END_OF_HEAD in self._head or len(self._head) > MAX_HEAD_BYTES:
            self.transport.pause_reading()
            self._front.connect(self, self._head)

    def connection_lost(self, exc: Exception | None) -> None:
        self._front.clients.discard(self)
        super().connection_lost(exc)


class Front:
    def __init__(self, web_port: int, realtime_port: int) -> None:
        self._web_port, self._realtime_port = web_port, realtime_port
        self.clients: set[Client] = set()
        self._connecting: set[asyncio.Task[None]] = set()

    def connect(self, client: Client, head: bytes) -> None:
        first, _end, _rest = head.partition(END_OF_HEAD)
        port = self._realtime_port if UPGRADE.search(first + b"\r\n") else self._web_port
        task = asyncio.create_task(self._connect(client, head, port))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, client: Client, head: bytes, port: int) -> None:
        try:
            _transport, end = await asyncio.get_running_loop().create_connection(End, HOST, port)
        except OSError:  # it is being restarted: as if nobody listened here
            client.transport.abort()
            return
        if client.transport.is_closing():
            end.transport.close()
            return
        client.other, end.other = end, client
        end.transport.write(head)
        client.transport.resume_reading()

    async def serve(self, port: int) -> None:
        """Until SIGTERM; then what is under way may end."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        server = await loop.create_server(lambda: Client(self), HOST, port, backlog=1024)
        await stop.wait()
        server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                while self.clients:
                    await asyncio.sleep(0.05)


if __name__ == "__main__":
    _port, _web_port, _realtime_port = map(int, sys.argv[1:])
    asyncio.run(Front(_web_port, _realtime_port).serve(_port))
