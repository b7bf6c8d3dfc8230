import structlog
from celery import shared_task

from apps.common.actors import Actor
from apps.idempotency.services import kept_answers_prune

log = structlog.get_logger(__name__)


@shared_task(name="idempotency.prune")
def prune_kept_answers() -> None:
    removed = kept_answers_prune(actor=Actor.system("idempotency"))
    if removed:
        log.info("idempotency.pruned", count=removed)
