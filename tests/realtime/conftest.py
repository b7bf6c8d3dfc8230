"""A real server on loopback, in a thread with a loop of its own, and clients that speak WebSocket to it."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from apps.accounts.models import Person
from apps.common.live import live_topic, tell
from apps.realtime.server import Limits, Realtime
from apps.tenants.models import Tenant
from tests.accounts.support import PUBLIC, force_sign_in, host
from tests.api.client import api, bearer

__all__ = ["api", "bearer"]

# For who holds it (the owner), and for every member.
SECRETS = live_topic("tests.secrets", permission="tenants.export_data")
NEWS = live_topic("tests.news", permission=None)
PATIENCE_S = 30.0
# How long nothing has to come for it to be nothing.
QUIET_S = 0.4


@dataclass
class Server:
    """What runs, and its port."""

    realtime: Realtime
    loop: asyncio.AbstractEventLoop
    stop: Callable[[], None]

    @property
    def port(self) -> int:
        return self.realtime.port

    def do(self, act: Callable[[], Any]) -> Any:
        """Something in the server's loop."""

        async def call() -> Any:
            return act()

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(PATIENCE_S)


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve()`: a server that runs; arguments are Realtime's."""
    with ExitStack() as running:

        def start(limits: Limits | None = None, **options: Any) -> Server:
            found: dict[str, Any] = {}

            async def main() -> None:
                ended = asyncio.Event()
                loop = asyncio.get_running_loop()
                found["server"] = Server(
                    Realtime(limits, **options), loop, lambda: loop.call_soon_threadsafe(ended.set)
                )
                await found["server"].realtime.run("127.0.0.1", 0, ended)

            thread = threading.Thread(target=lambda: asyncio.run(main()))
            thread.start()
            running.callback(thread.join, 30)
            wait_until(lambda: "server" in found)
            running.callback(found["server"].stop)
            # The first one of a run imports every page.
            wait_until(lambda: found["server"].port)
            return found["server"]

        yield start


class Heard:
    """A client. Frames come as dictionaries."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.hello = self.next()
        assert self.hello["kind"] == "realtime.hello"

    def next(self, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        frame = self.connection.recv(timeout_s)
        assert isinstance(frame, str)
        found: dict[str, Any] = json.loads(frame)
        assert set(found) == {"id", "kind", "data"}
        return found

    def nothing(self) -> None:
        with pytest.raises(TimeoutError):
            frame = self.next(QUIET_S)
            raise AssertionError(f"heard {frame}")

    def say(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def ended(self, timeout_s: float = PATIENCE_S) -> int:
        """The code that the server closes with."""
        with pytest.raises(ConnectionClosed) as raised:
            while True:
                self.connection.recv(timeout_s)
        assert raised.value.rcvd is not None
        return raised.value.rcvd.code


def wait_until(condition: Callable[[], Any]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def session_of(person: Person, tenant: Tenant | None, at: str = "") -> str:
    """The cookie of a browser that is signed in there."""
    client = Client(HTTP_HOST=at or (host(tenant) if tenant else PUBLIC))
    force_sign_in(client, person, tenant)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


@contextmanager
def open_socket(
    server: Server,
    at: str,
    *,
    path: str = "/ws/",
    cookie: str = "",
    origin: str | None = None,
    **headers: str,
) -> Iterator[Heard]:
    """Raises websockets.exceptions.InvalidStatus when it is refused."""
    raw = socket.create_connection(("127.0.0.1", server.port))
    with connect(
        f"ws://{at}{path}",
        sock=raw,
        origin=origin,  # type: ignore[arg-type]
        additional_headers={**headers, **({"Cookie": cookie} if cookie else {})},
        compression=None,
        proxy=None,
    ) as connection:
        yield Heard(connection)


Listen = Callable[..., Heard]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """`listen(server, alice, acme)`: her browser's socket on acme's host."""
    with ExitStack() as opened:

        def start(server: Server, person: Person, tenant: Tenant | None) -> Heard:
            at = host(tenant) if tenant else PUBLIC
            cookie = session_of(person, tenant)
            return opened.enter_context(
                open_socket(server, at, cookie=cookie, origin=f"http://{at}")
            )

        yield start


def tell_person(tenant: Tenant | None, person: Person, n: int = 0) -> None:
    tell(
        tenant_id=tenant.id if tenant else None,
        to=person.id,
        kind="tests.happened",
        data={"n": n},
    )
