"""Caches that are dropped by events: durable, also where Redis was away when the data changed."""

from apps.common.caching import Namespace
from apps.events.registry import Event, EventContext, subscribe


def invalidates(namespace: Namespace, *event_names: str) -> None:
    """Drop the namespace of a tenant when one of the events has happened there.

    Declare it in the app's handlers.py. It follows the commit by as much as the relay does; for what nobody
    may see late, the service that changes it calls `namespace.invalidate()` too.
    """
    app, _dot, rest = namespace.name.partition(".")
    for event_name in event_names:
        name = f"{app}.drop_{rest}_on_{event_name.replace('.', '_')}"
        # Outside the tenant: one that is closed meanwhile needs it no less.
        subscribe(event_name, name=name, tenant_context=False)(_Dropping(namespace))


class _Dropping:
    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace
        self.__qualname__ = f"invalidates({namespace.name})"

    def __call__(self, event: Event, context: EventContext) -> None:
        if context.tenant_id is not None:
            for scope in self.namespace.scopes(context.tenant_id):
                self.namespace.invalidate(scope=scope)
