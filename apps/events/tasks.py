"""Scheduled work of the outbox."""

import structlog
from celery import shared_task

from apps.common.actors import Actor
from apps.events.services import events_prune

log = structlog.get_logger(__name__)


@shared_task(name="events.prune")
def prune() -> None:
    removed = events_prune(actor=Actor.system("events"))
    if removed:
        log.info("events.pruned", count=removed)
