"""POSTs that are done once by the caller's Idempotency-Key: what a view declares, and what HTTP adds.

Answers are kept by the idempotency app (docs/adr/0043-answers-commit-with-the-change.md).
"""

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.http.request import RawPostDataException
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.actors import Actor
from apps.common.api.renderers import ORJSONRenderer, to_json
from apps.common.errors import InvalidInput
from apps.common.tenancy import current_tenant

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
MAX_KEY_LENGTH = 200
# Of an answer, what is answered again.
KEPT_HEADERS = ("Cache-Control", "ETag", "Location")


class Once(Enum):
    """How an operation is done once, by the key that comes with it.

    WITH_CHANGE: the answer is kept in the transaction of the change.
    WITH_SYSTEMS: the same, where the change is the system's, on its own connection.
    BY_LEASE: what talks to others, or keeps what it counts when it refuses, has no transaction around it. A
    row says that it runs, for LEASE_S; what a crash leaves half done, the repetition does again, so that it
    has to be harmless, as by the provider's own key.
    ITSELF: the service remembers the key.
    NEVER: it changes nothing, or its answer is not to be kept: the header is not looked at.
    """

    WITH_CHANGE = "with_change"
    WITH_SYSTEMS = "with_systems"
    BY_LEASE = "by_lease"
    ITSELF = "itself"
    NEVER = "never"

    @property
    def is_kept(self) -> bool:
        return self not in (Once.ITSELF, Once.NEVER)


@dataclass(frozen=True, slots=True)
class Call:
    """A request with a key. caller: who may be answered by it. fingerprint: of what is asked for."""

    tenant_id: uuid.UUID | None
    caller: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, response: HttpResponseBase) -> "Answer":
        if isinstance(response, Response):
            body = b"" if response.data is None else to_json(response.data)
        elif isinstance(response, HttpResponse):
            body = response.content
        else:
            raise ImproperlyConfigured("what is streamed cannot be kept: declare Once.NEVER")
        kept = {name: response[name] for name in KEPT_HEADERS if name in response}
        return cls(response.status_code, kept, body)

    def response(self) -> HttpResponse:
        return HttpResponse(
            self.body,
            status=self.status,
            headers={**self.headers, REPLAYED: "true"},
            content_type=ORJSONRenderer.media_type if self.body else None,
        )


class Keeper(Protocol):
    def __call__(self, call: Call, once: Once, run: Callable[[], Answer]) -> Answer:
        """What `run` answers, or what was kept of the first time it did."""


_keeper: Keeper | None = None


def set_keeper(keeper: Keeper) -> None:
    """Called once by the idempotency app, whose table it is."""
    global _keeper  # noqa: PLW0603 - set once at start
    _keeper = keeper


def done_once(
    once: Once, actor: Actor, request: Request, handler: Callable[..., Any]
) -> Callable[..., HttpResponseBase]:
    """The handler, which is run for the first of the requests that are the same by their key.

    The others are given its answer. Raises InvalidInput for a key that is none.
    """
    ref = current_tenant()
    tenant_id = ref.id if ref else None
    call = Call(tenant_id, caller_of(actor), _key_of(request), fingerprint_of(request))

    def handle(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if _keeper is None:
            raise ImproperlyConfigured("no app has called set_keeper()")
        made: list[HttpResponseBase] = []

        def run() -> Answer:
            made.append(handler(request, *args, **kwargs))
            return Answer.of(made[0])

        answer = _keeper(call, once, run)
        return made[0] if made else answer.response()

    return handle


def _key_of(request: Request) -> str:
    key: str = request.headers[HEADER]
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not (key.isascii() and key.isprintable()):
        raise InvalidInput.field(
            HEADER,
            _("Give a key of 1 to %(max)s printable characters.") % {"max": MAX_KEY_LENGTH},
        )
    return key


def caller_of(actor: Actor) -> str:
    """A program by its key, a person; and who acts for the person, who is another caller."""
    if actor.api_key_id is not None:
        return f"key:{actor.api_key_id}"
    by = actor.impersonator
    return f"person:{actor.person_id}" + (f"/{by.person_id}" if by else "")


def fingerprint_of(request: Request) -> bytes:
    """Of the path, the parameters and the body as they were sent."""
    http_request = request._request
    parts = (http_request.get_full_path(), http_request.content_type or "")
    digest = hashlib.sha256("\n".join(parts).encode())
    try:
        digest.update(b"\n" + http_request.body)
    except RawPostDataException as error:
        # A form, of which the check against forgery has read the fields: no operation takes one.
        raise UnsupportedMediaType(http_request.content_type or "") from error
    return digest.digest()
