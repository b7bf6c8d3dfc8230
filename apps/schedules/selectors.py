from django.db.models import QuerySet
from django.utils import timezone

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.schedules.declared import declared, every
from apps.schedules.models import Schedule


def schedules_for(actor: Actor) -> QuerySet[Schedule]:
    """All, by name. Raises PermissionDenied for whoever is not of the platform."""
    require_platform(actor)
    return Schedule.objects.order_by("name")


def schedules_due() -> list[Schedule]:
    """Those that this release knows and whose time has come, the longest waiting first. For beat."""
    due = Schedule.objects.filter(name__in=declared(), is_paused=False, next_at__lte=timezone.now())
    return list(due.order_by("next_at"))


def schedule_timing(schedule: Schedule) -> str:
    """For people: how often it runs now."""
    if schedule.interval_s is not None:
        return every(schedule.interval_s)
    return declared_timing(schedule)


def declared_timing(schedule: Schedule) -> str:
    """... and how often the code says."""
    known = declared().get(schedule.name)
    return known.described if known else "not of this release"
