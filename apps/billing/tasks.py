import hashlib
import uuid
from smtplib import SMTPException

import structlog
from celery import Task, shared_task
from django.core.cache import caches
from kombu.exceptions import OperationalError

from apps.billing.enums import Notice
from apps.billing.errors import StripeUnavailable
from apps.billing.inbox import operating
from apps.billing.inbox.processing import lane_process
from apps.billing.mails import notice_mail
from apps.billing.receipts import receipt_mails
from apps.billing.reconciling import customers_reconcile, survey
from apps.billing.services import (
    purchase_check,
    purchases_overdue,
    seats_follow,
    seats_overdue,
    subscription_settle,
    subscriptions_due,
)
from apps.billing.usage import usage_records_prune
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.outages import REDIS_OUTAGES

log = structlog.get_logger(__name__)

# Of lanes that a sweep queues; the next one is seconds away.
SWEEP_AT_MOST = 500
# Tenants of one run; the next one is a minute away.
SETTLE_AT_MOST = 200
# The inbox, or a change of plan, is at work on the same customer.
BUSY_S = 2


@shared_task(name="billing.sync_stripe_lane")
def sync_stripe_lane(lane_id: str) -> None:
    """lane_id: of a customer of Stripe, or of an object that is nobody's."""
    lane_process(lane_id)


@shared_task(name="billing.sweep_stripe_events")
def sweep_stripe_events() -> None:
    """What failed and is due again, and what a crash or a lost queue left."""
    for lane in operating.lanes_due(SWEEP_AT_MOST):
        sync_stripe_lane.delay(lane)


@shared_task(name="billing.prune_stripe_events")
def prune_stripe_events() -> None:
    removed = operating.stripe_events_prune(actor=Actor.system("billing"))
    if removed:
        log.info("billing.stripe_events_pruned", count=removed)


def lane_queue(lane: str) -> None:
    """Have it worked on now. The row is the truth: with a queue that is away, the sweep finds it."""
    try:
        sync_stripe_lane.apply_async((lane,), retry=False)
    except OperationalError as error:
        log.warning("billing.lane_not_queued", lane=lane, reason=str(error))


# A run ends well before its time limit; the next one goes on.
BATCHES = 200


@shared_task(name="billing.prune_usage")
def prune_usage() -> None:
    """Forget the keys of old uses, batch by batch."""
    with system_connection():
        for _batch in range(BATCHES):
            if not usage_records_prune():
                return


@shared_task(name="billing.settle_subscriptions")
def settle_subscriptions() -> None:
    """What time alone has brought about: the end of a grace, and of what follows it."""
    for tenant_id in subscriptions_due(SETTLE_AT_MOST):
        subscription_settle(actor=Actor.system("billing"), tenant_id=tenant_id)


@shared_task(
    name="billing.sync_seats",
    bind=True,
    autoretry_for=(StripeUnavailable,),
    retry_backoff=2,
    max_retries=4,
)
def sync_seats(self: Task, tenant_id: str) -> None:
    """Pay for the members that there are. What stays undone is found by the sweep."""
    if not seats_follow(actor=Actor.system("billing"), tenant_id=uuid.UUID(tenant_id)):
        raise self.retry(countdown=BUSY_S)


@shared_task(name="billing.sweep_seats")
def sweep_seats() -> None:
    """Seats that were noted and not followed: by a crash, a lost queue, or while Stripe was away."""
    for tenant_id in seats_overdue(SETTLE_AT_MOST):
        sync_seats.delay(str(tenant_id))


# Longer than an event or a task is tried again.
NOTICE_REMEMBERED_S = 7 * 86_400


@shared_task(
    name="billing.send_notice",
    autoretry_for=(OSError, SMTPException, *REDIS_OUTAGES),
    retry_backoff=2,
    retry_backoff_max=300,
    max_retries=8,
)
def send_notice(
    *, notice: str, tenant_id: str, stripe_id: str, member_id: str | None, told_id: str
) -> None:
    """Send the mail, once by told_id and address, if it is still true.

    No tenant's task: those do not run in a workspace that is closed.
    """
    cache, sent = caches["global"], f"billing:notice:{notice}:{told_id}:{member_id}"
    mail = notice_mail(
        Notice(notice),
        tenant_id=uuid.UUID(tenant_id),
        stripe_id=stripe_id,
        member_id=uuid.UUID(member_id) if member_id else None,
    )
    if mail is None or cache.get(sent):
        log.info("billing.notice_skipped", notice=notice, stripe_id=stripe_id)
        return
    mail.send()
    cache.set(sent, 1, NOTICE_REMEMBERED_S)


@shared_task(
    name="billing.send_receipts",
    autoretry_for=(OSError, SMTPException, *REDIS_OUTAGES),
    retry_backoff=2,
    retry_backoff_max=300,
    max_retries=8,
)
def send_receipts(*, tenant_id: str, invoice_id: str) -> None:
    """Send each mail, once by invoice and address. One that fails holds up no other, and is tried again."""
    cache = caches["global"]
    failed: OSError | None = None
    for mail in receipt_mails(tenant_id=uuid.UUID(tenant_id), invoice_id=invoice_id):
        address = hashlib.sha256(mail.to[0].lower().encode()).hexdigest()
        sent = f"billing:receipt:{invoice_id}:{address}"
        if cache.get(sent):
            continue
        try:
            mail.send()
        except OSError as error:
            log.warning("billing.receipt_not_sent", invoice=invoice_id, reason=str(error))
            failed = error
        else:
            cache.set(sent, 1, NOTICE_REMEMBERED_S)
    if failed is not None:
        raise failed


@shared_task(
    name="billing.sync_purchase",
    bind=True,
    autoretry_for=(StripeUnavailable,),
    retry_backoff=2,
    max_retries=4,
)
def sync_purchase(self: Task, purchase_id: str) -> None:
    """Ask Stripe what became of packs that somebody was about to buy. What stays open is found again."""
    if not purchase_check(actor=Actor.system("billing"), purchase_id=uuid.UUID(purchase_id)):
        raise self.retry(countdown=BUSY_S)


@shared_task(name="billing.sweep_purchases")
def sweep_purchases() -> None:
    """Purchases of which no event told: lost, or their worker died."""
    for purchase_id in purchases_overdue(SETTLE_AT_MOST):
        sync_purchase.delay(str(purchase_id))


# Customers of one task: some ten requests to Stripe each.
RECONCILE_BATCH = 20


@shared_task(name="billing.reconcile")
def reconcile() -> None:
    """Compare everything with Stripe, and queue those customers that differ, so many to a task."""
    suspects = survey(actor=Actor.system("billing"))
    for start in range(0, len(suspects), RECONCILE_BATCH):
        reconcile_customers.delay(suspects[start : start + RECONCILE_BATCH])


@shared_task(name="billing.reconcile_customers")
def reconcile_customers(stripe_ids: list[str]) -> None:
    """Compare these, and mend what can be."""
    customers_reconcile(actor=Actor.system("billing"), stripe_ids=stripe_ids)
