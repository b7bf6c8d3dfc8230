"""A receiver of webhooks, and a provider of text messages, for tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from apps.common.breakers import Breaker


@dataclass
class Receiver:
    """posts: what came. status: what it answers."""

    base: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.base}/hook"


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent = {name.lower(): value for name, value in self.headers.items()}
            receiver.posts.append((sent, body))
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Texting:
    """A provider: took has (number, text, metadata). fails: what it raises, in turn."""

    name: str = "texting"
    breaker: Breaker = field(default_factory=lambda: Breaker("sms.texting"))
    took: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)

    def send(self, *, to: str, body: str, metadata: Mapping[str, str]) -> str:
        if self.fails:
            raise self.fails.pop(0)
        self.took.append((to, body, metadata))
        return f"SM{len(self.took)}"

    def find(self, *, to: str, body: str, since: Any) -> str | None:
        found = [n for n, one in enumerate(self.took, 1) if one[:2] == (to, body)]
        return f"SM{found[0]}" if found else None
