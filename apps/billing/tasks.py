from celery import shared_task

from apps.billing.usage import usage_records_prune
from apps.common.database import system_connection

# A run ends well before its time limit; the next one goes on.
BATCHES = 200


@shared_task(name="billing.prune_usage")
def prune_usage() -> None:
    """Forget the keys of old uses, batch by batch."""
    with system_connection():
        for _batch in range(BATCHES):
            if not usage_records_prune():
                return
