import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from apps.billing.inbox import operating
from apps.billing.inbox.processing import lane_process
from apps.common.actors import Actor

log = structlog.get_logger(__name__)

# Of lanes that a sweep queues; the next one is seconds away.
SWEEP_AT_MOST = 500


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
