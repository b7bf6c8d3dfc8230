"""Who may listen: decided by the platform's own middleware and gates, as for a page that somebody opens.

A handshake becomes a request that only this process can make (`DOOR` in the WSGI environment, where what
a client sends is all below `HTTP_`), with the credentials that the handshake brought. So a suspended tenant,
a sign-in policy, an ended session, a removed member mean here what they mean anywhere.
"""

import io
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.urls import get_resolver

from apps.common.requests import INTERNAL, Utf8WSGIRequest
from apps.realtime.hub import Audience
from apps.realtime.tickets import ticket_take

PATH = "/ws/"
DOOR = "wrapper.realtime.door"
# What of an answer reaches a client whose handshake is refused.
PASSED_ON = ("Content-Type", "Retry-After", "WWW-Authenticate", "X-Request-ID", "Upgrade")
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "User-Agent", "X-Request-ID", "traceparent")


@dataclass(frozen=True, slots=True)
class Handshake:
    """What decides who it is. cookie or authorization: as the headers of that name; one of them is empty.

    A ticket stands for one of the two, and takes their place when it is taken. wanted: the tenant and the
    person that the ticket is for.
    """

    host: str
    address: str
    cookie: str = ""
    authorization: str = ""
    origin: str = ""
    forwarded: tuple[tuple[str, str], ...] = ()
    wanted: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """tenant_id: None on the public host. audiences: what is heard."""

    tenant_id: uuid.UUID | None
    person_id: uuid.UUID
    audiences: tuple[Audience, ...]


@dataclass(slots=True)
class Door:
    """How the view that decides is asked, and hands over what it decided."""

    wanted: tuple[str, str] | None = None
    is_ticket_bad: bool = False
    admission: Admission | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """admission: None if refused; the others are the answer then. handshake: what to judge by next time."""

    admission: Admission | None
    handshake: Handshake
    status: int = HTTPStatus.NO_CONTENT
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def judge(handshake: Handshake, ticket: str = "") -> Verdict:
    """Decide. A few statements, none of them when warm but what the session costs; not in an event loop."""
    found = ticket_take(ticket) if ticket else None
    if found is not None:
        handshake = replace(
            handshake,
            cookie=found.cookie,
            authorization=found.authorization,
            wanted=(found.tenant_id, found.person_id),
        )
    door = Door(handshake.wanted, is_ticket_bad=bool(ticket) and found is None)
    return _answer(handshake, PATH, door)


def warm_up() -> None:
    """Import what the first request of a process would have to wait for."""
    _application()
    for name in (settings.PUBLIC_URLCONF, settings.TENANT_URLCONF):
        assert get_resolver(name).url_patterns  # noqa: S101 - reading them is what imports the views


def plain_answer(handshake: Handshake, path: str) -> Verdict:
    """What a request that is no handshake gets: health, or what the platform says to it elsewhere."""
    return _answer(handshake, path, None)


@dataclass(slots=True)
class _Answer:
    """What WSGI's start_response is told."""

    status: int = 500
    headers: list[tuple[str, str]] = field(default_factory=list)

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.status, self.headers = int(status.partition(" ")[0]), headers


@cache
def _application() -> Callable[..., Any]:
    handler = WSGIHandler()
    handler.request_class = Utf8WSGIRequest
    return handler


def _answer(handshake: Handshake, path: str, door: Door | None) -> Verdict:
    answer = _Answer()
    response = _application()(_environ(handshake, path, door), answer.start)
    try:
        body = b"".join(response)
    finally:
        response.close()
    return Verdict(
        admission=door.admission if door and answer.status == HTTPStatus.NO_CONTENT else None,
        handshake=handshake,
        status=answer.status,
        headers=tuple((name, value) for name, value in answer.headers if name in PASSED_ON),
        body=body,
    )


def _environ(handshake: Handshake, path: str, door: Door | None) -> dict[str, Any]:
    headers = {
        "Host": handshake.host,
        "Cookie": handshake.cookie,
        "Authorization": handshake.authorization,
        "Origin": handshake.origin,
        "Accept": "application/json",
        **dict(handshake.forwarded),
    }
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "realtime",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": handshake.address,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        INTERNAL: True,
        **({DOOR: door} if door else {}),
        **{
            f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items() if text
        },
    }
