import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from apps.billing.inbox import operating
from apps.billing.inbox.processing import lane_process
from apps.billing.reconciling import customers_reconcile, survey
from apps.billing.services import subscription_settle, subscriptions_due
from apps.billing.usage import usage_records_prune
from apps.common.actors import Actor
from apps.common.database import system_connection

log = structlog.get_logger(__name__)

# Of lanes that a sweep queues; the next one is seconds away.
SWEEP_AT_MOST = 500
# Tenants of one run; the next one is a minute away.
SETTLE_AT_MOST = 200


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
