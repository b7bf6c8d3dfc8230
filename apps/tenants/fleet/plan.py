"""The order of a run: a few canaries, then about a tenth of the rest, then the rest."""

from collections.abc import Sequence

from apps.tenants.fleet.scan import Place

# Wave of the template, and of tenants that were found outdated after the others were done.
TEMPLATE_WAVE, LATE_WAVE = 0, 4
SHARE_OF_SECOND_WAVE = 10


def waves(places: Sequence[Place], canaries: int) -> dict[int, list[Place]]:
    """Numbered from 1; empty ones are left out.

    Canaries are those that are marked as such, then copies for trying things out, then the oldest.
    places: oldest first.
    """
    ordered = sorted(places, key=lambda place: (not place.is_canary, not place.is_sandbox))
    rest = ordered[canaries:]
    second = -(-len(rest) // SHARE_OF_SECOND_WAVE)
    found = {1: ordered[:canaries], 2: rest[:second], 3: rest[second:]}
    return {number: members for number, members in found.items() if members}
