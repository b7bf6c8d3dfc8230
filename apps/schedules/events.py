"""What operators did with schedules."""

from apps.events.registry import Event, event


@event("schedules.schedule_changed", version=1, scope="system", aggregate="name")
class ScheduleChanged(Event):
    """change: paused, resumed, interval or run. interval_s: from now on; None: as declared."""

    name: str
    change: str
    interval_s: int | None
    reason: str
