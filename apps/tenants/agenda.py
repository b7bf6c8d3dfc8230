"""Work that is due in tenants at some time, found without looking into each of them.

Who makes work says when it is due, in the same transaction. A sweep asks for what is due, does it, and
settles the entry: with the time of the next work, or with none.
"""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from apps.common.database import execute_with_next
from apps.common.ids import uuid7
from apps.common.tenancy import require_tenant
from apps.tenants.models import AgendaEntry

_NOTE = """
INSERT INTO public.tenants_agendaentry (id, created_at, updated_at, tenant_id, kind, due_at)
VALUES (%s, now(), now(), %s, %s, %s)
ON CONFLICT (tenant_id, kind) DO UPDATE SET due_at = excluded.due_at, updated_at = now()
WHERE public.tenants_agendaentry.due_at > excluded.due_at
"""


def agenda_note(kind: str, due_at: datetime) -> None:
    """Work of the entered tenant is due then; an earlier note stands. In the caller's transaction.

    No round trip. Waits for whoever settles the same entry, so it belongs at the end of a transaction.
    """
    values = [uuid7(), require_tenant().id, kind, due_at]
    execute_with_next(_NOTE, values)


def agenda_due(kind: str, at_most: int) -> list[uuid.UUID]:
    """Ids of tenants with work that is due, the longest overdue first. For the system. One statement."""
    due = AgendaEntry.objects.filter(kind=kind, due_at__lte=Now(), tenant__purge_started_at=None)
    return list(due.order_by("due_at").values_list("tenant_id", flat=True)[:at_most])


@transaction.atomic
def agenda_settle(kind: str, next_due: Callable[[], datetime | None]) -> None:
    """After work in the entered tenant. next_due: asked under the lock, when the next of it is due; None:
    none.

    Locks the entry: what somebody noted before is committed and seen, what they note after stands.
    """
    entry = (
        AgendaEntry.objects.select_for_update()
        .filter(tenant_id=require_tenant().id, kind=kind)
        .first()
    )
    if entry is None:
        return
    due_at = next_due()
    if due_at is None:
        entry.delete()
    elif due_at != entry.due_at:
        entry.due_at = due_at
        entry.save(update_fields=["due_at", "updated_at"])
