"""When members want to be reached, as they chose it."""

import uuid
from collections.abc import Sequence

from apps.notifications.audiences import Reader
from apps.notifications.hours import Hours
from apps.notifications.models import Timing

COLUMNS = ("digest", "hour", "weekday", "quiet_from", "quiet_until")


def hours_of(readers: Sequence[Reader]) -> dict[uuid.UUID, Hours]:
    """Of those who chose any, by the member's id. One statement."""
    zones = {one.member_id: one.time_zone for one in readers}
    rows = Timing.objects.filter(member_id__in=zones)
    return {
        member_id: Hours(zones[member_id], *chosen)
        for member_id, *chosen in rows.values_list("member_id", *COLUMNS)
    }
