"""`python -m tests.worker_process QUEUES CONCURRENCY`: `celery worker` on the test's database and broker.

WORKER_IMPORTS: modules that it imports first, with spaces between.
"""

import os
import sys
from importlib import import_module

import django

if __name__ == "__main__":
    django.setup()
    from django.db import connection

    from config.celery import app
    from tests import worker_tasks  # noqa: F401 - registers them

    for module in os.environ.get("WORKER_IMPORTS", "").split():
        import_module(module)
    connection.settings_dict["NAME"] = os.environ["WORKER_DATABASE"]
    app.conf.broker_transport_options = {
        **app.conf.broker_transport_options,
        "visibility_timeout": int(os.environ.get("WORKER_VISIBILITY_TIMEOUT_S", "900")),
        "unacked_restore_interval": 1,
    }
    quiet = ["--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
    what = ["-Q", sys.argv[1], "--concurrency", sys.argv[2], "--prefetch-multiplier", "1"]
    app.worker_main(["worker", *quiet, *what, "-n", f"{os.getpid()}@%h"])
