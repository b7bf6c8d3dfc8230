from collections.abc import Sequence

from apps.billing.services import seats_note_changed
from apps.billing.tasks import sync_seats
from apps.common.actors import Actor
from apps.events.registry import Event, EventContext, subscribe

ACTOR = Actor.system("billing")
# By then the note is committed, and who came at the same time is counted with them.
PAUSE_S = 2


@subscribe(
    "organizations.member_joined",
    name="billing.follow_who_joined",
    tenant_context=False,
    takes_batches=True,
)
@subscribe(
    "organizations.member_status_changed",
    name="billing.follow_who_left",
    tenant_context=False,
    takes_batches=True,
)
def follow_members(told: Sequence[tuple[Event, EventContext]]) -> None:
    """However many came and went, by whatever way: one note, and one task."""
    tenant_id = told[0][1].tenant_id
    if tenant_id is not None and seats_note_changed(actor=ACTOR, tenant_id=tenant_id):
        sync_seats.apply_async((str(tenant_id),), countdown=PAUSE_S)
