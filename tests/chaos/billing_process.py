"""`python -m tests.chaos.billing_process web PORT` or `worker`: the platform on the test's servers.

BILLING_DATABASE, BILLING_STRIPE_KEY, BILLING_WEBHOOK_SECRET, and STRIPE_API_BASE say where it is.
"""

import os
import sys

import django


def web(port: int) -> None:
    from django.core.handlers.wsgi import WSGIHandler

    from tests.chaos.stripe_account import server_of

    server_of(WSGIHandler(), port).serve_forever()


def worker() -> None:
    from config.celery import app

    quiet = ["--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
    what = ["-Q", "default,sync", "--concurrency", "2", "--prefetch-multiplier", "1"]
    app.worker_main(["worker", *quiet, *what, "-n", f"{os.getpid()}@%h"])


if __name__ == "__main__":
    django.setup()
    from django.conf import settings
    from django.db import connection

    from config.celery import app as celery

    connection.settings_dict["NAME"] = os.environ["BILLING_DATABASE"]
    settings.STRIPE_SECRET_KEY = os.environ["BILLING_STRIPE_KEY"]
    settings.STRIPE_WEBHOOK_SECRETS = [os.environ["BILLING_WEBHOOK_SECRET"]]
    celery.conf.task_always_eager = False
    celery.conf.broker_transport_options = {
        **celery.conf.broker_transport_options,
        "visibility_timeout": 20,
        "unacked_restore_interval": 1,
    }
    if sys.argv[1] == "web":
        web(int(sys.argv[2]))
    else:
        worker()
