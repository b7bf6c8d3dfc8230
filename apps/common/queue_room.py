"""Room in the queues of tasks: bulk work that somebody asks for is refused before a queue has no end.

What the platform needs (mails, payments, events) is always queued: it waits, and is not lost. An export can
be asked for again.
"""

import random
from functools import lru_cache

import structlog
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from redis import Redis

from apps.common.errors import Unavailable
from apps.common.outages import REDIS_OUTAGES

log = structlog.get_logger(__name__)

RETRY_AFTER_S = 60


class QueueFull(Unavailable):
    """So much waits already that this would be begun too late."""

    code = "queue_full"
    default_detail = _("Much of this kind is waiting already. Ask again in a few minutes.")


def require_room(queue: str) -> None:
    """Before something is queued that its asker can ask for again. One round trip to the broker.

    Raises QueueFull where QUEUE_MAX_WAITING tasks wait. Without the broker it lets through: whether the task
    can be queued is then found out by queueing it.
    """
    try:
        waiting = waiting_in(queue)
    except REDIS_OUTAGES as error:
        log.warning("queue.unknown", queue=queue, reason=str(error))
        return
    if waiting < settings.QUEUE_MAX_WAITING:
        return
    log.warning("queue.full", queue=queue, waiting=waiting)
    wait_s = RETRY_AFTER_S + random.randint(0, RETRY_AFTER_S)  # noqa: S311
    raise QueueFull(headers={"Retry-After": str(wait_s)})


def waiting_in(queue: str) -> int:
    """How many tasks nobody has taken. As apps/common/fair_queues.py keeps them. Raises redis' errors."""
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    return int(_broker(settings.CELERY_BROKER_URL).zcard(f"{prefix}{queue}:turns"))


@lru_cache(maxsize=2)
def _broker(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
