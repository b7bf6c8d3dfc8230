from collections.abc import Sequence

from apps.billing.enums import Notice
from apps.billing.events import InvoicePaid, SubscriptionChanged, TrialEndNeared
from apps.billing.life import notice_of
from apps.billing.mails import contacts_of
from apps.billing.services import seats_note_changed
from apps.billing.tasks import send_notice, send_receipts, sync_seats
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


@subscribe(
    "billing.subscription_changed", name="billing.send_standing_notices", tenant_context=False
)
def queue_standing_notices(event: SubscriptionChanged, context: EventContext) -> None:
    """In no tenant: one that was closed for a debt is to learn how it is opened."""
    notice = notice_of(event.from_standing, event.to_standing)
    if notice is not None:
        _queue(notice, event, str(context.event_id))


@subscribe("billing.trial_end_neared", name="billing.send_trial_notices", tenant_context=False)
def queue_trial_notices(event: TrialEndNeared, context: EventContext) -> None:
    """Stripe may say it again of the same end."""
    _queue(Notice.TRIAL_ENDS, event, f"{event.stripe_id}:{event.trial_ends_at.timestamp():.0f}")


@subscribe("billing.invoice_paid", name="billing.send_receipts", tenant_context=False)
def queue_receipts(event: InvoicePaid, _context: EventContext) -> None:
    send_receipts.delay(tenant_id=str(event.tenant_id), invoice_id=event.invoice_id)


def _queue(notice: Notice, event: SubscriptionChanged | TrialEndNeared, told_id: str) -> None:
    """One task for each who is told, so that a mail that fails repeats no other."""
    for member_id in contacts_of(event.tenant_id):
        send_notice.delay(
            notice=notice.value,
            tenant_id=str(event.tenant_id),
            stripe_id=event.stripe_id,
            member_id=str(member_id) if member_id else None,
            told_id=told_id,
        )
