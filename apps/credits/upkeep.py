"""What time alone brings about in a tenant, with an end: a run goes on where the last one stopped."""

from collections.abc import Callable

from apps.credits.services import grants_expire, holds_expire, lots_prune, usage_events_prune

# Batches of a tenant in one run, so that no tenant keeps the others waiting for long.
ROUNDS = 10


def expire() -> tuple[int, int]:
    """Holds, then grants, whose time is over; how many of each. Two statements where none is."""
    return _repeat(holds_expire), _repeat(grants_expire)


def prune() -> tuple[int, int]:
    """Empty lots, and usage events that cannot come again; how many of each."""
    return _repeat(lots_prune), _repeat(usage_events_prune)


def _repeat(act: Callable[[], int]) -> int:
    """Until nothing is left of it, or ROUNDS times."""
    total = 0
    for _round in range(ROUNDS):
        count = act()
        total += count
        if not count:
            break
    return total
