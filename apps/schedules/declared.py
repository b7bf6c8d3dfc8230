"""The schedules that the code declares: CELERY_BEAT_SCHEDULE, in Celery's own form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from celery.schedules import BaseSchedule, maybe_schedule, schedule
from django.conf import settings
from django.utils import timezone

# Never at once again, whatever a schedule says.
PAUSE_AT_LEAST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Declared:
    """timing: seconds or a crontab. options: of apply_async."""

    task: str
    timing: BaseSchedule
    options: Mapping[str, Any] = field(default_factory=dict)

    def after(self, last: datetime, interval_s: int | None = None) -> datetime:
        """When it is due next, having run at `last`. interval_s: the operator's, which wins."""
        timing = schedule(timedelta(seconds=interval_s)) if interval_s else self.timing
        return timezone.now() + max(timing.remaining_estimate(last), PAUSE_AT_LEAST)

    @property
    def described(self) -> str:
        """For people: `every 5 min`, or Celery's words for a crontab."""
        if isinstance(self.timing, schedule):
            return every(int(self.timing.seconds))
        return str(self.timing).strip("<>")


def every(interval_s: int) -> str:
    """For people, in the largest unit that leaves no rest."""
    for unit, seconds in (("h", 3600), ("min", 60)):
        if interval_s % seconds == 0:
            return f"every {interval_s // seconds} {unit}"
    return f"every {interval_s} s"


def declared() -> dict[str, Declared]:
    """By name, in their order."""
    entries: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    return {name: _declared(entry) for name, entry in entries.items()}


def _declared(entry: dict[str, Any]) -> Declared:
    timing: Any = maybe_schedule(entry["schedule"], app=current_app)
    return Declared(entry["task"], timing, entry.get("options", {}))
