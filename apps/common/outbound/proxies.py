"""The proxy by which an installation asks the outside, where it has one (OUTBOUND_PROXY).

Everything goes through a tunnel (CONNECT; RFC 9110, section 9.3.6), also what is not encrypted. For addresses
that others named, the proxy is told the IP address that was looked at, not the name, which it would look up
anew.
"""

import base64
import socket
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings

log = structlog.get_logger(__name__)

DEFAULT_PORT = 3128
MAX_HEAD = 8192


@dataclass(frozen=True, slots=True)
class Proxy:
    """credentials: of `user:password`, in Base64, or empty."""

    host: str
    port: int
    credentials: str = field(default="", repr=False)

    def opened(self, sock: socket.socket, host: str, port: int) -> bool:
        """Ask it on a fresh connection to connect on; whether it did."""
        try:
            self._tunnel(sock, host, port)
        except OSError as error:
            log.warning("outbound.proxy_refused", reason=str(error))
            return False
        return True

    def _tunnel(self, sock: socket.socket, host: str, port: int) -> None:
        """Raises OSError."""
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
        if self.credentials:
            lines.append(f"Proxy-Authorization: Basic {self.credentials}")
        sock.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        head = b""
        while b"\r\n\r\n" not in head:
            part = sock.recv(1024)
            if not part or len(head) > MAX_HEAD:
                raise OSError("the proxy did not answer")
            head += part
        status = head.split(b"\r\n", 1)[0].split(b" ")[1:2]
        if not (status and len(status[0]) == 3 and status[0].startswith(b"2")):
            raise OSError(f"the proxy answered {head[:100]!r}")


def proxy_for(host: str) -> Proxy | None:
    """The one by which a host is asked; None: directly. Raises ValueError for a setting that is none."""
    if not settings.OUTBOUND_PROXY or _is_near(host.lower()):
        return None
    return proxy_of(settings.OUTBOUND_PROXY)


def _is_near(host: str) -> bool:
    return any(
        host == one or (one.startswith(".") and host.endswith(one))
        for one in settings.OUTBOUND_NO_PROXY
    )


@lru_cache(maxsize=2)
def proxy_of(url: str) -> Proxy:
    """Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.path.strip("/"):
        raise ValueError(
            "OUTBOUND_PROXY is http://host:port, with user:password@ where it wants one"
        )
    credentials = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        credentials = base64.b64encode(pair.encode()).decode()
    return Proxy(parts.hostname, parts.port or DEFAULT_PORT, credentials)
