"""`python -m benchmarks.events_process relay|consume`: the real processes, with the benchmark's handlers."""

import sys

import django
from django.core.management import call_command

if __name__ == "__main__":
    django.setup()
    from apps.events import registry
    from benchmarks import events_sample

    registry._subscriptions.clear()
    events_sample.declare()
    call_command("events", sys.argv[1], skip_checks=True)
