"""`python -m benchmarks.events_relay`: the real events process, with the benchmark's handler."""

import django
from django.core.management import call_command

if __name__ == "__main__":
    django.setup()
    from benchmarks import events_sample

    events_sample.declare()
    call_command("events", "relay", skip_checks=True)
