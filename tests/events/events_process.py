"""`python -m tests.events.events_process relay|consume`: the real command, with the sample's handlers."""

import os
import sys

import django
from django.core.management import call_command

if __name__ == "__main__":
    django.setup()
    from django.db import connection

    from apps.events import registry, relay
    from tests.events import sample

    connection.settings_dict["NAME"] = os.environ["EVENTS_DATABASE"]
    relay.SWEEP_S = float(os.environ["EVENTS_SWEEP_S"])
    registry._subscriptions.clear()
    sample.declare()
    sample.declare_batches()
    call_command("events", sys.argv[1], skip_checks=True)
