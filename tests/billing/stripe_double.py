"""A server that answers what Stripe's library asks: objects by their path, and customers that are made.

Just enough for the inbox; the sandbox plays the whole of Stripe.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class StripeDouble:
    """objects: what is at `/v1/...`. outage: the status that every request gets. requests: (method, path)."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    outage: int = 0
    slow_s: float = 0
    url: str = ""
    headers: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, **fields: Any) -> dict[str, Any]:
        """An object as it is now; what is not said stays as it was."""
        path = path_of(fields["object"], fields["id"])
        now = {
            **self.objects.get(path, {"livemode": False, "created": 1_700_000_000, "metadata": {}})
        }
        self.objects[path] = {**now, **fields}
        return self.objects[path]

    def answer(
        self, method: str, path: str, form: dict[str, str], key: str
    ) -> tuple[int, dict[str, Any]]:
        with self.lock:
            self.requests.append((method, path))
            if self.outage:
                return self.outage, error("api_error", "Something is wrong with Stripe.")
            if method == "POST" and path == "/v1/customers":
                return self._make_customer(form, key)
            if found := self.objects.get(path):
                return 200, found
        return 404, error("invalid_request_error", f"No such object: {path}", "resource_missing")

    def _make_customer(self, form: dict[str, str], key: str) -> tuple[int, dict[str, Any]]:
        if form.get("name") == "declined":
            return 402, error("card_error", "Your card was declined.", "card_declined")
        if form.get("name") == "bad":
            return 400, error("invalid_request_error", "Invalid email address: x", "email_invalid")
        customer_id = self.keys.setdefault(key, f"cus_{len(self.keys) + 1}")
        metadata = {
            name[9:-1]: value for name, value in form.items() if name.startswith("metadata[")
        }
        return 200, self.put(
            id=customer_id,
            object="customer",
            email=form.get("email"),
            name=form.get("name"),
            metadata=metadata,
        )

    def count(self, method: str, path: str) -> int:
        return self.requests.count((method, path))


PLURALS = {"checkout.session": "checkout/sessions"}


def path_of(kind: str, object_id: str) -> str:
    return f"/v1/{PLURALS.get(kind, kind + 's')}/{object_id}"


def error(kind: str, message: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message, **({"code": code} if code else {})}}


@contextmanager
def running() -> Iterator[StripeDouble]:
    double = StripeDouble()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body of an answer are two packets, the second of which Nagle's algorithm holds for 40 ms.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            double.headers.append(dict(self.headers))
            threading.Event().wait(double.slow_s)
            key = self.headers.get("Idempotency-Key", "")
            path = urlsplit(self.path).path
            status, found = double.answer(method, path, dict(parse_qsl(body)), key)
            content = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Request-Id", "req_1")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    double.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    ).start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
