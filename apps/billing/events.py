"""What happened in billing."""

import uuid

from apps.events.registry import Event, event


@event("billing.customer_created", version=1, scope="billing", aggregate="customer_id")
class CustomerCreated(Event):
    """The tenant is a customer at Stripe from now on. stripe_id: Stripe's."""

    customer_id: uuid.UUID
    stripe_id: str


@event("billing.stripe_event_failed", version=1, scope="system", aggregate="stripe_event_id")
class StripeEventFailed(Event):
    """What Stripe told of has no effect until somebody replays it. type: Stripe's."""

    stripe_event_id: uuid.UUID
    stripe_id: str
    type: str
    attempts: int


@event("billing.stripe_event_replayed", version=1, scope="system", aggregate="stripe_event_id")
class StripeEventReplayed(Event):
    """from_state: done, dead or discarded."""

    stripe_event_id: uuid.UUID
    stripe_id: str
    from_state: str


@event("billing.stripe_event_discarded", version=1, scope="system", aggregate="stripe_event_id")
class StripeEventDiscarded(Event):
    """It never has an effect."""

    stripe_event_id: uuid.UUID
    stripe_id: str
    reason: str


@event("billing.stripe_endpoint_set", version=1, scope="system", aggregate="stripe_id")
class StripeEndpointSet(Event):
    """Stripe delivers its events to this address. is_new: made now, and not changed."""

    stripe_id: str
    url: str
    is_new: bool
