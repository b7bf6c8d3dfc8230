"""How the stand-ins are to behave: read at each request, and counted down."""

from dataclasses import dataclass

from django.db import transaction

from apps.sandbox.messaging.models import Mode, Outcome, Provider, ProviderSwitch

MAX_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Behaviour:
    mode: Mode = Mode.WORKS
    seconds: int = 5
    outcome: Outcome = Outcome.DELIVERED


def behaviour(provider: Provider) -> Behaviour:
    """Of this request, which counts."""
    with transaction.atomic():
        found = ProviderSwitch.objects.select_for_update().filter(provider=provider).first()
        if found is None:
            return Behaviour()
        told = Behaviour(Mode(found.mode), found.seconds, Outcome(found.outcome))
        if found.times == 1:
            found.mode, found.times = Mode.WORKS, 0
            found.save(update_fields=["mode", "times"])
        elif found.times > 1:
            found.times -= 1
            found.save(update_fields=["times"])
        return told


def switch(
    provider: Provider,
    *,
    mode: Mode = Mode.WORKS,
    times: int = 0,
    seconds: int = 5,
    outcome: Outcome = Outcome.DELIVERED,
) -> None:
    """times: of requests that are served so; 0: until it is changed."""
    values = {
        "mode": mode,
        "times": max(times, 0),
        "seconds": min(max(seconds, 0), MAX_SECONDS),
        "outcome": outcome,
    }
    ProviderSwitch.objects.update_or_create(provider=provider, defaults=values)
