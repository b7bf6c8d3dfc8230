"""The proxy by which an installation asks the outside."""

import base64
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from apps.common.outbound import Away, Upstream
from apps.common.outbound.proxies import proxy_of
from tests.zone import Zone


class Tunnel:
    """A proxy that notes what it is asked for, and answers for those it leads to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = b"200 Connection established"
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                connection, _peer = self.listening.accept()
            except OSError:
                return
            with connection:
                self.asked.append(self.head(connection))
                connection.sendall(b"HTTP/1.1 " + self.status + b"\r\nVia: x\r\n\r\n")
                if self.status.startswith(b"200") and self.head(connection):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    @staticmethod
    def head(connection: socket.socket) -> str:
        found = b""
        while b"\r\n\r\n" not in found:
            part = connection.recv(1024)
            if not part:
                break
            found += part
        return found.decode("latin-1")


@pytest.fixture
def tunnel(settings: Any) -> Iterator[Tunnel]:
    made = Tunnel()
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    settings.OUTBOUND_PROXY = f"http://us%40er:pass@127.0.0.1:{made.port}"
    yield made
    made.listening.close()


OPERATORS = Upstream("tests.proxied", is_trusted=True, needs_tls=False)


def test_an_operators_name_is_the_proxys_to_resolve(tunnel: Tunnel) -> None:
    assert OPERATORS.request("GET", "http://api.inside.test:8080/x").body == b"ok"
    lines = tunnel.asked[0].split("\r\n")
    assert lines[:2] == [
        "CONNECT api.inside.test:8080 HTTP/1.1",
        "Host: api.inside.test:8080",
    ]
    assert base64.b64decode(lines[2].removeprefix("Proxy-Authorization: Basic ")) == b"us@er:pass"


def test_of_strangers_the_address_that_was_looked_at_is_asked_for(
    tunnel: Tunnel, zone: Zone, settings: Any
) -> None:
    settings.OUTBOUND_RESOLVERS = [f"127.0.0.1:{zone.port}"]
    zone.addresses["hook.test"] = [["2606:4700:4700::1111"]]
    tunnel.status = b"403 Forbidden"
    with pytest.raises(Away):
        Upstream("tests.proxied").request("GET", "https://hook.test/")
    assert tunnel.asked[0].startswith("CONNECT [2606:4700:4700::1111]:443 HTTP/1.1\r\n")
    zone.addresses["hook.test"] = [["10.0.0.1"]]
    with pytest.raises(Exception, match="address_refused"):
        Upstream("tests.proxied").request("GET", "https://hook.test/")
    assert len(tunnel.asked) == 1


def test_hosts_that_are_near_are_asked_directly(tunnel: Tunnel, settings: Any) -> None:
    settings.OUTBOUND_NO_PROXY = ["localhost", ".near.test"]
    for host in ("localhost", "a.near.test", "A.NEAR.TEST."):
        with pytest.raises(Away):
            OPERATORS.request("GET", f"http://{host}:9/")
    assert tunnel.asked == []


@pytest.mark.parametrize("url", ["https://proxy.test:3128", "proxy.test", "http://", "http://p/x"])
def test_settings_that_are_no_proxy(url: str) -> None:
    with pytest.raises(ValueError, match="OUTBOUND_PROXY"):
        proxy_of(url)
