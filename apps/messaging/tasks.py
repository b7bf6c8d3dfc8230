from celery import shared_task

from apps.common.actors import Actor
from apps.messaging.tracking import tracked_events_prune


@shared_task(name="messaging.prune_tracked_events")
def prune_tracked_events() -> int:
    return tracked_events_prune(actor=Actor.system("messaging"))
