"""Requests to addresses that others name: to public hosts only, small answers, soon, no redirects.

A name is resolved once for each connection, every address of it is looked at, and the connection goes to an
address that was looked at: a name that says something else the next time gains nothing (DNS rebinding).
"""

import ipaddress
import os
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

import dns.exception
import requests
import urllib3
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from apps.common.resolvers import resolver

MAX_URL_LENGTH = 2000
MAX_BYTES = 512 * 1024
CHUNK = 16 * 1024
NOT_PUBLIC = "The address leads into a network that is not public."
PORTS = (None, 443, 8443)
# RFC 3986, section 2, in ASCII; a backslash, for one, is read in different ways.
URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
# Lead to IPv4 addresses that nobody looked at: NAT64 (RFC 6052, RFC 8215), IPv4-compatible (RFC 4291).
EMBEDDING = [ipaddress.IPv6Network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")]


class OutboundError(Exception):
    """The request was not made, or had no usable answer. code: stable, for programs. detail: for people."""

    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(f"{code}: {detail}")


@dataclass(frozen=True, slots=True)
class Answer:
    """retry_after: the header Retry-After, as it came."""

    status: int
    content_type: str
    body: bytes
    retry_after: str = ""


@dataclass
class _Call:
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

    def cut(self) -> None:
        """End it, whatever it waits for."""
        for sock in self.sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


_call: ContextVar[_Call] = ContextVar("outbound")


def url_problem(
    url: str, internal_hosts: frozenset[str] = frozenset(), *, is_trusted: bool = False
) -> str:
    """Why an address may not be asked, or "". Looks at its text only; names are resolved when connecting.

    internal_hosts: `host:port` that may be internal and without TLS (the sandbox, never in production).
    """
    if len(url) > MAX_URL_LENGTH or not URL.fullmatch(url):
        return "The address has characters that no address has, or is too long."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "This is not an address."
    may_be_internal = f"{host}:{port}" in internal_hosts
    problems = {
        "The address must have no user, no password and no #.": "@" in parts.netloc or "#" in url,
        "Enter a whole address, which begins with https://.": not host,
        "The address must begin with https://.": parts.scheme
        not in (("https", "http") if may_be_internal else ("https",)),
        NOT_PUBLIC: not (may_be_internal or is_trusted) and _is_internal_literal(host or ""),
        "Only the ports 443 and 8443 can be used.": port not in PORTS
        and not (may_be_internal or is_trusted),
    }
    return next((problem for problem, holds in problems.items() if holds), "")


def _is_internal_literal(host: str) -> bool:
    try:
        return not is_public(str(ipaddress.ip_address(host)))
    except ValueError:
        # A name; where it leads is seen when connecting.
        return False


def fetch(
    method: str,
    url: str,
    *,
    data: Mapping[str, str] | bytes | None = None,
    auth: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 5.0,
    connect_s: float | None = None,
    max_bytes: int = MAX_BYTES,
    internal_hosts: frozenset[str] = frozenset(),
    is_trusted: bool = False,
) -> Answer:
    """Ask, and read the whole answer: at most timeout_s seconds in all. Never inside a transaction.

    data: of a form, or the body itself. connect_s: at most so many of them until an address takes the
    connection; None: all. is_trusted: an operator named the address, so it may be internal.
    A redirect is an answer with its status, not followed. No proxies, cookies or .netrc are used.
    Raises OutboundError: url_refused, address_refused, unreachable, timeout, too_large.
    """
    problem = url_problem(url, internal_hosts, is_trusted=is_trusted)
    if problem:
        raise OutboundError("url_refused", problem)
    parts = urlsplit(url)
    is_internal = is_trusted or f"{parts.hostname}:{parts.port}" in internal_hosts
    sent = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
    with _under_way(is_internal, timeout_s, connect_s) as call, _session() as session:
        try:
            with session.request(
                method,
                url,
                data=data if data is None or isinstance(data, bytes) else dict(data),
                auth=auth,
                headers=sent,
                timeout=timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                return _read(response, max_bytes, call)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            if call.refused:
                raise OutboundError("address_refused", call.refused) from error
            if isinstance(error, requests.Timeout) or call.is_over:
                raise OutboundError("timeout", "It did not answer in time.") from error
            raise OutboundError("unreachable", "It cannot be reached.") from error


def _read(response: requests.Response, max_bytes: int, call: _Call) -> Answer:
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > max_bytes:
            raise OutboundError("too_large", f"The answer is larger than {max_bytes} bytes.")
    if call.is_over:
        # Cut off: without a length, that looks like the end.
        raise OutboundError("timeout", "It did not answer in time.")
    return Answer(
        response.status_code,
        response.headers.get("Content-Type", ""),
        bytes(body),
        response.headers.get("Retry-After", ""),
    )


@contextmanager
def trusted_session(timeout_s: float, connect_s: float | None = None) -> Iterator[requests.Session]:
    """For libraries that ask by themselves, at an address that an operator named. Times are as in `fetch`.

    Everything in the block has timeout_s seconds in all; what is not done then fails as it would when the
    connection breaks. No proxies and no .netrc are used.
    """
    with _under_way(True, timeout_s, connect_s), _session() as session:
        yield session


@contextmanager
def _under_way(is_internal: bool, timeout_s: float, connect_s: float | None) -> Iterator[_Call]:
    """Cuts the connection when the time is over: a socket's own time-out begins anew with every byte."""
    call = _Call(is_internal, time.monotonic() + timeout_s, connect_s or timeout_s)
    timer = threading.Timer(timeout_s, call.cut)
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


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's, and leads to no IPv4 address inside it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        # With a zone (fe80::1%eth0): of a link.
        return False
    if isinstance(found, ipaddress.IPv6Address) and (
        found.ipv4_mapped is not None
        or found.sixtofour is not None
        or found.teredo is not None
        or found.is_site_local
        or any(found in net for net in EMBEDDING)
    ):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _addresses(host: str, call: _Call) -> list[str]:
    """What a host's name leads to. Raises OSError."""
    with suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    if call.is_internal:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(info[4][0]) for info in found))
    try:
        answers = resolver(settings.OUTBOUND_RESOLVERS).resolve_name(
            host, lifetime=call.left_s, search=False
        )
        return list(answers.addresses())
    except dns.exception.DNSException as error:
        raise OSError(f"{host} cannot be resolved: {type(error).__name__}") from error


class _PinnedConnection:
    """Mixin of urllib3's connections: goes only where it has looked."""

    port: int
    timeout: Any
    _dns_host: str
    socket_options: Any

    def _new_conn(self) -> socket.socket:
        call = _call.get()
        addresses = _addresses(self._dns_host.rstrip("."), call)
        if not call.is_internal and not all(map(is_public, addresses)):
            call.refused = NOT_PUBLIC
            raise OSError(call.refused)
        failure: OSError = OSError("no address")
        for address in addresses:
            try:
                sock = socket.create_connection(
                    (address, self.port), timeout=min(call.left_s, call.connect_s)
                )
            except OSError as error:
                failure = error
                continue
            sock.settimeout(call.left_s)
            # A second handle: TLS takes the first one away.
            call.sockets.append(socket.socket(fileno=os.dup(sock.fileno())))
            if call.is_over:
                call.cut()
            return sock
        raise failure


class _Http(_PinnedConnection, HTTPConnection):
    pass


class _Https(_PinnedConnection, HTTPSConnection):
    pass


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Https


class _Adapter(HTTPAdapter):
    pools: ClassVar[dict[str, Any]] = {"http": _HttpPool, "https": _HttpsPool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter())
    return session
