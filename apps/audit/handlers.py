"""Records every event: a handler for each type in the registry, so that a new one is audited by default."""

from collections.abc import Sequence
from typing import Any

from django.utils.module_loading import autodiscover_modules

from apps.audit.actions import audited
from apps.audit.chains import chain_of
from apps.audit.describing import details, targets
from apps.common.tenancy import TenantNotReady, tenant_context
from apps.events.enums import Scope
from apps.events.registry import Event, EventContext, subscribe
from apps.tenants.enums import TenantStatus
from apps.tenants.selectors import tenant_by_id
from apps.trail.chains import PLATFORM_CHAIN, NewEntry, entries_append

UNFINISHED = (TenantStatus.PENDING, TenantStatus.PROVISIONING, TenantStatus.FAILED)


def record(given: Sequence[tuple[Event, EventContext]]) -> None:
    """Events of a tenant into the tenant's chain, any others and all of scope system into the platform's.

    Runs outside the tenant and enters it itself: what happens to one that is suspended is recorded too.
    Two statements, for one event or a batch of the same type. Raises TenantNotReady while the tenant is
    being made: it is tried again.
    """
    entries = [_entry(event, context) for event, context in given]
    event, context = given[0]
    if context.tenant_id is None or event.scope is Scope.SYSTEM:
        entries_append(PLATFORM_CHAIN, entries)
        return
    tenant = tenant_by_id(context.tenant_id)
    if tenant is None or tenant.purge_started_at is not None:
        # Its chain went with it, and what it tells of is to go too.
        return
    if tenant.status in UNFINISHED:
        raise TenantNotReady(f"tenant {tenant.slug} is {tenant.status}")
    with tenant_context(tenant):
        entries_append(chain_of(tenant), entries)


def _entry(event: Event, context: EventContext) -> NewEntry:
    kind, ids = targets(event)
    return NewEntry(
        event_id=context.event_id,
        occurred_at=context.created_at,
        action=context.name,
        actor_kind=context.actor.kind,
        actor_label=context.actor.label,
        actor_id=context.actor.person_id,
        address=context.address,
        agent=context.agent,
        request_id=context.request_id,
        target_type=kind,
        targets=ids,
        what=_what(event, context),
    )


def _what(event: Event, context: EventContext) -> dict[str, Any]:
    what = details(event)
    if (who := context.actor.impersonator) is not None:
        what["impersonator"] = {"id": str(who.person_id), "label": who.label}
    return what


# Of all apps, also of those that are installed after this one.
autodiscover_modules("events")
for _name in audited():
    subscribe(
        _name,
        name=f"audit.record_{_name.replace('.', '_')}",
        tenant_context=False,
        takes_batches=True,
    )(record)
