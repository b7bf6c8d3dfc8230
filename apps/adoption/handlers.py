"""Counts the uses that events tell of: a handler for each event that a feature names."""

from collections.abc import Sequence

from django.utils.module_loading import autodiscover_modules

from apps.adoption.counting import uses_add
from apps.adoption.flag_services import flags_forget_tenant
from apps.adoption.registry import features_by_event
from apps.events.registry import Event, EventContext, subscribe
from apps.tenants.events import TenantDeleted


@subscribe("tenants.tenant_deleted", name="adoption.forget_tenant", tenant_context=False)
def forget_tenant(event: TenantDeleted, context: EventContext) -> None:
    """Flags do not name it any more."""
    flags_forget_tenant(event.tenant_id)


def count_uses(told: Sequence[tuple[Event, EventContext]]) -> None:
    """Runs outside the tenant: what happened in one that is suspended by now was a use too."""
    uses_add(told)


# Of all apps, also of those that are installed after this one.
autodiscover_modules("features", "flags", "surveys")
for _name in features_by_event():
    subscribe(
        _name,
        name=f"adoption.count_{_name.replace('.', '_')}",
        tenant_context=False,
        takes_batches=True,
    )(count_uses)
