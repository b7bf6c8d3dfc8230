"""Who wants to know of which events of Stripe: declared in `stripe_handlers.py` of any app."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True)
class StripeChange:
    """Something changed at Stripe. current: the object as it is there now, in the pinned version's shape,
    which may be newer than the event.

    tenant_id: whose customer it is; None if no tenant's. is_gone: the object is deleted; current has little
    more than its id. told, previous: the object, and fields of before, as the event has them, in the shape
    of the version that the endpoint had.
    """

    event_id: str
    type: str
    occurred_at: datetime
    customer_id: str
    tenant_id: uuid.UUID | None
    current: dict[str, Any] = field(repr=False)
    is_gone: bool
    told: dict[str, Any] = field(repr=False)
    previous: dict[str, Any] = field(repr=False)


Handler = Callable[[StripeChange], None]
_handlers: list[tuple[str, Handler]] = []


def stripe_handler(*patterns: str) -> Callable[[Handler], Handler]:
    """`@stripe_handler("customer.subscription.*", "invoice.paid")` on a function that takes a StripeChange.

    It runs in the transaction that marks the event as done, as the system, in no tenant, alone with this
    customer: its effect happens once. It does no HTTP. It is called for each event, also where a later one
    has told it the same: let it set what `current` says, not add to what is there.
    """
    if not patterns:
        raise ImproperlyConfigured("a handler of Stripe's events names their types")

    def register(handler: Handler) -> Handler:
        _handlers.extend((pattern, handler) for pattern in patterns)
        return handler

    return register


def handlers_of(event_type: str) -> list[Handler]:
    """In the order of their declaration, each once."""
    wanted = (one for pattern, one in _handlers if fnmatchcase(event_type, pattern))
    return list(dict.fromkeys(wanted))
