"""Connections that go only where somebody looked, and end when their time is over.

A name is resolved once for each connection, every address of it is looked at, and the connection goes to an
address that was looked at: a name that says something else the next time gains nothing (DNS rebinding).
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from apps.common.outbound.addresses import NOT_PUBLIC, addresses_of, is_public
from apps.common.outbound.proxies import Proxy, proxy_for


@dataclass
class Call:
    """One request under way. is_internal: it may go to an address that is not public.

    connect_s: of the time that is left, how much of it may pass until an address takes a connection.
    """

    is_internal: bool
    deadline_s: float
    connect_s: float
    sockets: list[socket.socket] = field(default_factory=list)
    refused: str = ""

    @property
    def left_s(self) -> float:
        return max(self.deadline_s - time.monotonic(), 0.01)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.deadline_s

    def watch(self, sock: socket.socket) -> None:
        """Have it cut when the time is over. By a second handle: TLS takes the first one away."""
        self.sockets.append(socket.socket(fileno=os.dup(sock.fileno())))
        if self.is_over:
            self.cut()

    def cut(self) -> None:
        """End it, whatever it waits for."""
        for sock in list(self.sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


_call: ContextVar[Call] = ContextVar("outbound")


@contextmanager
def under_way(*, is_internal: bool, total_s: float, connect_s: float) -> Iterator[Call]:
    """Cuts the connection when the time is over: a socket's own time-out begins anew with every byte."""
    call = Call(is_internal, time.monotonic() + total_s, connect_s)
    timer = threading.Timer(total_s, call.cut)
    timer.daemon = True
    token = _call.set(call)
    timer.start()
    try:
        yield call
    finally:
        timer.cancel()
        _call.reset(token)
        for sock in call.sockets:
            sock.close()


class _PinnedConnection:
    """Mixin of urllib3's connections: goes only where it has looked."""

    port: int
    timeout: Any
    sock: Any
    _dns_host: str

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            # Kept from a request before, whose time was another.
            _call.get().watch(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]

    def _new_conn(self) -> socket.socket:
        call, host = _call.get(), self._dns_host.rstrip(".")
        proxy = proxy_for(host)
        if proxy is not None and call.is_internal:
            # Where an operator's name leads is the proxy's to know.
            return self._opened(call, [host], proxy)
        addresses = addresses_of(host, is_internal=call.is_internal, lifetime_s=call.left_s)
        if not call.is_internal and not all(map(is_public, addresses)):
            call.refused = NOT_PUBLIC
            raise OSError(call.refused)
        return self._opened(call, addresses, proxy)

    def _opened(self, call: Call, addresses: list[str], proxy: Proxy | None) -> socket.socket:
        failure: OSError = OSError("no address")
        for address in addresses:
            target = (proxy.host, proxy.port) if proxy else (address, self.port)
            try:
                sock = socket.create_connection(target, timeout=min(call.left_s, call.connect_s))
            except OSError as error:
                failure = error
                continue
            call.watch(sock)
            if proxy is None or proxy.opened(sock, address, self.port):
                sock.settimeout(call.left_s)
                return sock
            sock.close()
            failure = OSError("the proxy does not lead there")
        raise failure


class _Http(_PinnedConnection, HTTPConnection):
    pass


class _Https(_PinnedConnection, HTTPSConnection):
    pass


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Https


class Adapter(HTTPAdapter):
    pools: ClassVar[dict[str, Any]] = {"http": _HttpPool, "https": _HttpsPool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools


def session_with(adapter: HTTPAdapter) -> requests.Session:
    """Nothing is taken from the environment: no proxies, and no .netrc, which would take a key's place."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session
