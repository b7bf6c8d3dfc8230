"""What operators do with schedules: pause, resume, another interval, run now."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.common.access import require_platform
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound
from apps.events.services import publish
from apps.schedules.declared import declared
from apps.schedules.events import ScheduleChanged
from apps.schedules.models import Schedule

MAX_INTERVAL_S = 31 * 24 * 3600


@transaction.atomic
def schedule_pause(*, actor: Actor, name: str, reason: str) -> Schedule:
    """Let nothing be started by it until somebody resumes it.

    Locks the schedule. Publishes schedules.schedule_changed.
    Raises PermissionDenied, InvalidInput without a reason, NotFound, Conflict when it is paused.
    """
    found = _locked(actor, name)
    reason = reason.strip()
    if not reason:
        raise InvalidInput.field("reason", _("Say why: others will ask."), "required")
    if len(reason) > 500:
        raise InvalidInput.field("reason", _("Use at most 500 characters."))
    if found.is_paused:
        raise Conflict(_("This schedule is paused already."))
    found.is_paused, found.pause_reason = True, reason
    return _changed(found, actor, "paused", reason)


@transaction.atomic
def schedule_resume(*, actor: Actor, name: str) -> Schedule:
    """Let it start its task again: now, if it was due meanwhile.

    Locks the schedule. Publishes schedules.schedule_changed.
    Raises PermissionDenied, NotFound, Conflict when it is not paused.
    """
    found = _locked(actor, name)
    if not found.is_paused:
        raise Conflict(_("This schedule is not paused."))
    found.is_paused, found.pause_reason = False, ""
    return _changed(found, actor, "resumed")


@transaction.atomic
def schedule_set_interval(*, actor: Actor, name: str, interval_s: int | None) -> Schedule:
    """Another interval than the declared one, from the last run on; None: as declared again.

    interval_s: 1 to MAX_INTERVAL_S. Locks the schedule. Publishes schedules.schedule_changed.
    Raises PermissionDenied, NotFound, InvalidInput.
    """
    found = _locked(actor, name)
    if interval_s is not None and not 1 <= interval_s <= MAX_INTERVAL_S:
        message = _("Choose 1 to %(most)s seconds.") % {"most": f"{MAX_INTERVAL_S:,}"}
        raise InvalidInput.field("interval_s", message)
    found.interval_s = interval_s
    found.next_at = declared()[name].after(found.last_sent_at or timezone.now(), interval_s)
    return _changed(found, actor, "interval")


@transaction.atomic
def schedule_run(*, actor: Actor, name: str) -> Schedule:
    """Make it due now: beat starts it within a second or two.

    Locks the schedule. Publishes schedules.schedule_changed.
    Raises PermissionDenied, NotFound, Conflict when it is paused.
    """
    found = _locked(actor, name)
    if found.is_paused:
        raise Conflict(_("This schedule is paused. Resume it first."))
    found.next_at = timezone.now()
    return _changed(found, actor, "run")


def schedules_sync() -> None:
    """A row for each declared schedule, and for no other. What operators chose stays.

    For beat, at its start. Several may do it at once.
    """
    known, now = declared(), timezone.now()
    Schedule.objects.bulk_create(
        [Schedule(name=name, next_at=one.after(now)) for name, one in known.items()],
        ignore_conflicts=True,
    )
    Schedule.objects.exclude(name__in=known).delete()


def schedule_claim(schedule: Schedule, lease_s: float) -> bool:
    """Whether the caller is the one to send it; for `lease_s` nobody else is.

    Claimed by the state that it must be in: of two who try at once, one changes the row.
    """
    lease = timezone.now() + timedelta(seconds=lease_s)
    waiting = Schedule.objects.filter(id=schedule.id, next_at=schedule.next_at, is_paused=False)
    if not waiting.update(next_at=lease):
        return False
    schedule.next_at = lease
    return True


def schedule_sent(schedule: Schedule) -> None:
    """Its task is in the queue: due again when its time has come. The claim of before is over."""
    now = timezone.now()
    next_at = declared()[schedule.name].after(now, schedule.interval_s)
    Schedule.objects.filter(id=schedule.id).update(last_sent_at=now)
    # What an operator chose meanwhile, such as to run it now, stays.
    Schedule.objects.filter(id=schedule.id, next_at=schedule.next_at).update(next_at=next_at)


def _locked(actor: Actor, name: str) -> Schedule:
    require_platform(actor)
    found = Schedule.objects.select_for_update().filter(name=name, name__in=declared()).first()
    if found is None:
        raise NotFound
    return found


def _changed(schedule: Schedule, actor: Actor, change: str, reason: str = "") -> Schedule:
    schedule.save()
    publish(
        ScheduleChanged(
            name=schedule.name, change=change, interval_s=schedule.interval_s, reason=reason
        ),
        actor=actor,
        tenant_id=None,
    )
    return schedule
