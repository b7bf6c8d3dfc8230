"""`python -m tests.events.relay_process`: the real command, with the sample's handlers."""

import os

import django
from django.core.management import call_command

if __name__ == "__main__":
    django.setup()
    from django.db import connection

    from apps.events import relay
    from tests.events import sample

    connection.settings_dict["NAME"] = os.environ["RELAY_DATABASE"]
    relay.SWEEP_S = float(os.environ["RELAY_SWEEP_S"])
    sample.declare()
    call_command("events", "relay", skip_checks=True)
