"""Where requests may go that others name addresses for."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from apps.common.outbound import OutboundError, is_public, transport, url_problem
from apps.common.outbound.fetching import fetch
from tests.zone import Zone

INTERNAL = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "100::1",
    # Where clouds keep what a machine may know of itself.
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.88.99.1",
    "2001:10::1",
    "2001:20::1",
    "3fff::1",
    "5f00::1",
    "4000::1",
]


@pytest.mark.parametrize("address", INTERNAL)
def test_internal_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450::1"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.fixture
def resolvers(zone: Zone, settings: Any) -> Zone:
    settings.OUTBOUND_RESOLVERS = [f"127.0.0.1:{zone.port}"]
    return zone


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that is connected to; nothing leaves the machine."""
    made: list[Any] = []

    def refuse(address: Any, **_kwargs: Any) -> socket.socket:
        made.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(transport.socket, "create_connection", refuse)
    return made


def code_of(url: str, **kwargs: Any) -> str:
    with pytest.raises(OutboundError) as caught:
        fetch("GET", url, **kwargs)
    return caught.value.code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[fd00::1]",
        "[0:0:0:0:0:0:0:1]",
    ],
)
def test_literal_addresses(host: str, resolvers: Zone, connections: list[Any]) -> None:
    assert code_of(f"https://{host}/") == "url_refused"
    assert connections == []


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0x7f.1",
        "0",
        "017700000001",
        "localhost",
        "localhost.",
        "127.0.0.1.",
        "169.254.169.254.",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
    ],
)
def test_other_spellings_are_names(host: str, resolvers: Zone, connections: list[Any]) -> None:
    """No library turns them into addresses on the way: the name server knows no such name."""
    assert code_of(f"https://{host}/") in ("unreachable", "address_refused")
    assert connections == []


@pytest.mark.parametrize("address", [a for a in INTERNAL if "%" not in a])
def test_names_that_lead_inside(address: str, resolvers: Zone, connections: list[Any]) -> None:
    resolvers.addresses["idp.evil.test"] = [[address]]
    assert code_of("https://idp.evil.test/") == "address_refused"
    # One of several is enough.
    resolvers.addresses["idp.evil.test"] = [["8.8.8.8", address, "2606:4700::1"]]
    assert code_of("https://idp.evil.test/") == "address_refused"
    assert connections == []


def test_a_name_that_changes_its_mind(resolvers: Zone, connections: list[Any]) -> None:
    """DNS rebinding: what was looked at is what is connected to, and nothing is asked twice."""
    resolvers.addresses["idp.evil.test"] = [["8.8.8.8"], ["8.8.8.8"], ["127.0.0.1"]]
    assert code_of("https://idp.evil.test/") == "unreachable"
    assert connections == [("8.8.8.8", 443)]
    # The next request looks anew.
    assert code_of("https://idp.evil.test/") == "address_refused"
    assert connections == [("8.8.8.8", 443)]


@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example.com/",
        "ftp://idp.example.com/",
        "file:///etc/passwd",
        "gopher://idp.example.com/",
        "https://",
        "https:///x",
        "idp.example.com",
        "//idp.example.com/",
        "https://user@idp.example.com/",
        "https://user:pass@idp.example.com/",
        "https://idp.example.com#@127.0.0.1/",
        "https://idp.example.com\\@127.0.0.1/",
        "https://idp.example.com:22/",
        "https://idp.example.com:6379/",
        "https://idp.example.com:99999/",
        "https://idp.example.com:x/",
        "https://idp.example.com/ x",
        "https://idp.example.com/\r\nX: y",
        "https://idp.example.com/\0",
        "https://öl.example/",
        "https://[::1",
        "https://idp.example.com/" + "x" * 2000,
        "",
    ],
)
def test_addresses_that_are_refused_as_text(url: str, connections: list[Any]) -> None:
    assert url_problem(url)
    assert code_of(url) == "url_refused"
    assert connections == []


def test_only_a_named_host_may_be_internal() -> None:
    hosts = frozenset({"localhost:8000"})
    assert url_problem("http://localhost:8000/x", hosts) == ""
    assert url_problem("http://localhost:8001/x", hosts)
    assert url_problem("http://localhost/x", hosts)
    assert url_problem("ftp://localhost:8000/x", hosts)
    assert url_problem("http://localhost:8000@evil.example/", hosts)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        getattr(self, f"get_{self.path[1:]}")()

    def get_plain(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def get_redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/plain")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def get_large(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b"x" * 10_000)
        self.close_connection = True

    def get_drip(self) -> None:
        """A header line a moment: no single wait is long."""
        for number in range(60):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n" if not number else b"X-%d: y\r\n" % number)
            self.wfile.flush()
            time.sleep(0.1)

    def get_body(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(60):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)
        self.close_connection = True


@pytest.fixture
def server() -> Iterator[int]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made.daemon_threads = True
    # What is cut off ends in an error there.
    made.handle_error = lambda *args: None  # type: ignore[method-assign]
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield made.server_address[1]
    made.shutdown()
    made.server_close()


def test_answers(server: int) -> None:
    hosts = frozenset({f"localhost:{server}"})
    base = f"http://localhost:{server}"
    answer = fetch("GET", f"{base}/plain", internal_hosts=hosts)
    assert (answer.status, answer.body) == (200, b"{}")
    assert fetch("GET", f"{base}/redirect", internal_hosts=hosts).status == 302
    assert code_of(f"{base}/large", internal_hosts=hosts, max_bytes=50_000) == "too_large"


@pytest.mark.parametrize("path", ["drip", "body"])
def test_the_whole_takes_no_longer_than_allowed(path: str, server: int) -> None:
    hosts = frozenset({f"localhost:{server}"})
    began_s = time.monotonic()
    url = f"http://localhost:{server}/{path}"
    assert code_of(url, internal_hosts=hosts, timeout_s=0.7) == "timeout"
    assert time.monotonic() - began_s < 2
