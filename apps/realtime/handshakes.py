"""A handshake as the one who judges takes it, and what a client gets instead of a 101."""

import http
from collections.abc import Iterable

import orjson
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from apps.common.ids import uuid7
from apps.common.problems import CONTENT_TYPE
from apps.realtime.connections import Socket
from apps.realtime.judging import FORWARDED, Handshake, Verdict


def read_handshake(connection: Socket, request: Request) -> Handshake:
    headers = request.headers

    def first(name: str) -> str:
        """As the library has it, and WSGI wants it: each byte a character (PEP 3333)."""
        return next(iter(headers.get_all(name)), "")

    return Handshake(
        host=first("Host"),
        address=str(connection.remote_address[0]),
        cookie="" if first("Authorization") else first("Cookie"),
        authorization=first("Authorization"),
        origin=first("Origin"),
        forwarded=tuple((name, first(name)) for name in FORWARDED if first(name)),
    )


def refusal(verdict: Verdict) -> Response:
    return _http(verdict.status, verdict.headers, verdict.body)


def problem(status: int, code: str, title: str, detail: str) -> Response:
    """As apps.common.problems makes them, where there is no request of Django's to make one for."""
    body = {
        "type": f"/api/docs/#error-{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [],
        "request_id": str(uuid7()),
    }
    headers = [("Content-Type", CONTENT_TYPE), *([("Retry-After", "5")] if status == 503 else [])]
    return _http(status, headers, orjson.dumps(body))


def _http(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Response:
    found = Headers(headers)
    found["Content-Length"] = str(len(body))
    found["Connection"] = "close"
    return Response(status, http.HTTPStatus(status).phrase, found, body)
