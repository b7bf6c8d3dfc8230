"""Where the request of the moment comes from: the client's address and what it calls itself.

Noted by the outermost middleware, read by what keeps it: the outbox, and with it the audit log.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from allauth.core.internal.httpkit import get_client_ip
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest

KEY = "wrapper.origin"
MAX_ADDRESS_CHARS = 45  # the longest text of an IPv6 address
MAX_AGENT_CHARS = 300


@dataclass(frozen=True, slots=True)
class Origin:
    """Both are empty where no request is behind it, as in a schedule."""

    address: str = ""
    agent: str = ""


NOWHERE = Origin()
# The request itself: most of them publish nothing, and need not be read.
_origin: ContextVar[HttpRequest | Origin] = ContextVar("origin", default=NOWHERE)


def current_origin() -> Origin:
    found = _origin.get()
    return found if isinstance(found, Origin) else _read(found)


def origin_of(meta: dict[str, Any]) -> Origin:
    """Of the request with this environment, where it is kept."""
    found: Origin | None = meta.get(KEY)
    if found is None:
        request = HttpRequest()
        request.META = meta
        found = meta[KEY] = _read(request)
    return found


@contextmanager
def origin_bound(origin: HttpRequest | Origin) -> Iterator[None]:
    """For the block: a request that is being answered, or where an event that is handled came from."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def _read(request: HttpRequest) -> Origin:
    try:
        # Behind TRUSTED_PROXY_COUNT proxies, as the limits of sign-ins count it.
        address = get_client_ip(request) or ""
    except (ImproperlyConfigured, PermissionDenied):  # what proxies say does not fit
        address = ""
    agent = request.META.get("HTTP_USER_AGENT", "").replace("\0", "")
    agent = agent.encode("utf-8", "replace").decode()
    return Origin(address[:MAX_ADDRESS_CHARS], agent[:MAX_AGENT_CHARS])
