"""`python -m benchmarks.fairness_worker`: a real worker for the benchmark of fairness."""

import os
import time

from celery import shared_task

LAST = "benchmarks:fairness:last"
FEW = 20


@shared_task(name="benchmarks.turn", queue="sync")
def turn(*, tenant_id: str, number: int) -> None:
    """Two milliseconds of work. The last of the few says when it was done."""
    from django.core.cache import caches

    time.sleep(0.002)
    if tenant_id == "few" and number == FEW - 1:
        caches["global"].set(LAST, time.time(), 600)


if __name__ == "__main__":
    import django

    django.setup()
    from config.celery import app

    app.conf.broker_transport = os.environ["FAIRNESS_TRANSPORT"]
    quiet = ["--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
    app.worker_main(["worker", "-Q", "sync", "-c", "1", "--prefetch-multiplier", "1", *quiet])
