"""The demo's one port: WebSockets go to one process, everything else to another, byte by byte."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 10


class Behind(threading.Thread):
    """A server that answers each connection with its name and what it was sent first, then echoes."""

    def __init__(self, name: bytes) -> None:
        super().__init__(daemon=True)
        self._name = name
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.taken: list[socket.socket] = []
        self.start()

    def run(self) -> None:
        while True:
            try:
                taken, _address = self._socket.accept()
            except OSError:
                return
            self.taken.append(taken)
            threading.Thread(target=self._serve, args=[taken], daemon=True).start()

    def _serve(self, taken: socket.socket) -> None:
        taken.sendall(self._name + b":")
        while data := taken.recv(65536):
            taken.sendall(data)
        taken.close()

    def close(self) -> None:
        if self.is_alive():
            self._socket.shutdown(socket.SHUT_RDWR)
            self.join()
        self._socket.close()
        for one in self.taken:
            one.close()


@pytest.fixture
def behind() -> Iterator[tuple[Behind, Behind]]:
    with ExitStack() as stack:
        both = Behind(b"web"), Behind(b"realtime")
        for one in both:
            stack.callback(one.close)
        yield both


@pytest.fixture
def front(behind: tuple[Behind, Behind]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    ports = [str(one) for one in (port, behind[0].port, behind[1].port)]
    process = subprocess.Popen([sys.executable, "-m", "apps.sandbox.front", *ports], cwd=ROOT)
    wait_until(lambda: answers(port))
    yield process, port
    process.kill()
    process.wait()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def receive(client: socket.socket, count: int) -> bytes:
    client.settimeout(WAIT_S)
    found = b""
    while len(found) < count and (data := client.recv(65536)):
        found += data
    return found


REQUEST = b"GET /ws/ HTTP/1.1\r\nHost: a\r\n%s\r\n"


@pytest.mark.parametrize(
    ("header", "goes_to"),
    [
        (b"", b"web"),
        (b"Upgrade: websocket\r\n", b"realtime"),
        (b"X: y\r\nuPGRADE:WebSocket \r\nConnection: keep-alive, Upgrade\r\n", b"realtime"),
        (b"Upgrade: h2c\r\n", b"web"),
        (b"X-Upgrade: websocket\r\n", b"web"),
        (b"X: Upgrade: websocket\r\n", b"web"),
    ],
)
def test_the_first_request_decides(
    front: tuple[subprocess.Popen[bytes], int], header: bytes, goes_to: bytes
) -> None:
    head = REQUEST % header
    with socket.create_connection(("127.0.0.1", front[1])) as client:
        for byte in (head[:7], head[7:-3], head[-3:]):
            client.sendall(byte)
            time.sleep(0.02)
        assert receive(client, len(goes_to) + 1 + len(head)) == goes_to + b":" + head
        client.sendall(b"Upgrade: websocket\r\n\r\n")
        assert receive(client, 22) == b"Upgrade: websocket\r\n\r\n"


def test_a_body_is_no_header(front: tuple[subprocess.Popen[bytes], int]) -> None:
    sent = b"POST / HTTP/1.1\r\nContent-Length: 22\r\n\r\n\r\nUpgrade: websocket\r\n"
    with socket.create_connection(("127.0.0.1", front[1])) as client:
        client.sendall(sent)
        assert receive(client, 4 + len(sent)) == b"web:" + sent


def test_much_goes_through_though_nobody_reads_for_a_while(
    front: tuple[subprocess.Popen[bytes], int],
) -> None:
    head = REQUEST % b""
    body = bytes(range(256)) * 40_000  # 10 MB
    with socket.create_connection(("127.0.0.1", front[1])) as client:
        sender = threading.Thread(target=lambda: client.sendall(head + body))
        sender.start()
        time.sleep(0.5)
        assert receive(client, 4 + len(head) + len(body)) == b"web:" + head + body
        sender.join()
        # The end of what it sends reaches the other side, which ends too.
        client.shutdown(socket.SHUT_WR)
        assert receive(client, 1) == b""


def test_who_is_away_is_as_nobody(
    front: tuple[subprocess.Popen[bytes], int], behind: tuple[Behind, Behind]
) -> None:
    behind[0].close()
    with socket.create_connection(("127.0.0.1", front[1])) as client:
        client.sendall(REQUEST % b"")
        assert receive(client, 1) == b""


def test_it_ends_with_what_is_under_way(front: tuple[subprocess.Popen[bytes], int]) -> None:
    process, port = front
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(REQUEST % b"")
        receive(client, 4)
        process.terminate()
        wait_until(lambda: not answers(port))
        client.sendall(b"more")
        assert receive(client, 4)
    assert process.wait(WAIT_S) == 0
