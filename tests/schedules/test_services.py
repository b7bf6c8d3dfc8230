"""What operators do with schedules, and what beat does with what they chose."""

from datetime import timedelta
from typing import Any

import pytest
from celery.schedules import crontab
from django.utils import timezone

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.events.models import OutboxEvent
from apps.schedules import services
from apps.schedules.declared import Declared, declared, every
from apps.schedules.models import Schedule
from apps.schedules.selectors import schedules_due, schedules_for
from config.celery import app
from tests.conftest import SYSTEM

pytestmark = pytest.mark.django_db
NAME = "events-prune"


@pytest.fixture(autouse=True)
def _rows(db: None) -> None:
    services.schedules_sync()


def published() -> list[dict[str, Any]]:
    found = OutboxEvent.objects.filter(name="schedules.schedule_changed").order_by("position")
    return [event.payload for event in found]


def test_the_code_says_which_there_are_and_operators_what_becomes_of_them(settings: Any) -> None:
    assert set(Schedule.objects.values_list("name", flat=True)) == set(
        settings.CELERY_BEAT_SCHEDULE
    )
    services.schedule_set_interval(actor=SYSTEM, name=NAME, interval_s=120)
    services.schedule_pause(actor=SYSTEM, name=NAME, reason="ticket 7")
    settings.CELERY_BEAT_SCHEDULE = {
        NAME: settings.CELERY_BEAT_SCHEDULE[NAME],
        "new": {"task": "events.prune", "schedule": 60.0},
    }
    services.schedules_sync()
    kept, new = Schedule.objects.order_by("name")
    assert (kept.name, kept.interval_s, kept.is_paused, kept.pause_reason) == (
        NAME,
        120,
        True,
        "ticket 7",
    )
    assert (new.name, new.interval_s, new.is_paused) == ("new", None, False)
    assert 55 < (new.next_at - timezone.now()).total_seconds() <= 60


def test_every_schedule_starts_a_task_that_exists() -> None:
    app.loader.import_default_modules()
    assert {one.task for one in declared().values()} <= set(app.tasks)


def test_pause_and_resume() -> None:
    Schedule.objects.filter(name=NAME).update(next_at=timezone.now())
    assert [one.name for one in schedules_due()] == [NAME]
    services.schedule_pause(actor=SYSTEM, name=NAME, reason=" It hurts ")
    assert schedules_due() == []
    with pytest.raises(Conflict):
        services.schedule_pause(actor=SYSTEM, name=NAME, reason="again")
    with pytest.raises(Conflict):
        services.schedule_run(actor=SYSTEM, name=NAME)
    services.schedule_resume(actor=SYSTEM, name=NAME)
    assert [one.name for one in schedules_due()] == [NAME]
    with pytest.raises(Conflict):
        services.schedule_resume(actor=SYSTEM, name=NAME)
    assert published() == [
        {"name": NAME, "change": "paused", "interval_s": None, "reason": "It hurts"},
        {"name": NAME, "change": "resumed", "interval_s": None, "reason": ""},
    ]


def test_an_interval_counts_from_the_last_run() -> None:
    sent_at = timezone.now() - timedelta(seconds=100)
    Schedule.objects.filter(name=NAME).update(last_sent_at=sent_at)
    changed = services.schedule_set_interval(actor=SYSTEM, name=NAME, interval_s=400)
    assert abs((changed.next_at - sent_at).total_seconds() - 400) < 1
    changed = services.schedule_set_interval(actor=SYSTEM, name=NAME, interval_s=None)
    assert abs((changed.next_at - sent_at).total_seconds() - 3600) < 1
    assert [(one["change"], one["interval_s"]) for one in published()] == [
        ("interval", 400),
        ("interval", None),
    ]


@pytest.mark.parametrize("interval_s", [0, -5, services.MAX_INTERVAL_S + 1])
def test_intervals_that_make_no_sense_change_nothing(interval_s: int) -> None:
    before = Schedule.objects.get(name=NAME).next_at
    with pytest.raises(InvalidInput):
        services.schedule_set_interval(actor=SYSTEM, name=NAME, interval_s=interval_s)
    after = Schedule.objects.get(name=NAME)
    assert (after.interval_s, after.next_at, published()) == (None, before, [])


def test_a_pause_wants_a_reason() -> None:
    for reason in (" ", "x" * 501):
        with pytest.raises(InvalidInput):
            services.schedule_pause(actor=SYSTEM, name=NAME, reason=reason)
    assert not Schedule.objects.get(name=NAME).is_paused


def test_only_the_platform_and_only_what_is_declared(owner: Actor, alice: Person) -> None:
    with pytest.raises(PermissionDenied):
        schedules_for(owner)
    for change in (
        lambda actor, name: services.schedule_pause(actor=actor, name=name, reason="x"),
        lambda actor, name: services.schedule_resume(actor=actor, name=name),
        lambda actor, name: services.schedule_run(actor=actor, name=name),
        lambda actor, name: services.schedule_set_interval(actor=actor, name=name, interval_s=5),
    ):
        with pytest.raises(PermissionDenied):
            change(owner, NAME)
        with pytest.raises(NotFound):
            change(SYSTEM, "no-such")
    assert published() == []


def test_a_claim_is_one_beats_alone() -> None:
    Schedule.objects.filter(name=NAME).update(next_at=timezone.now())
    mine, theirs = Schedule.objects.get(name=NAME), Schedule.objects.get(name=NAME)
    assert services.schedule_claim(mine, 10)
    assert not services.schedule_claim(theirs, 10)
    assert schedules_due() == []
    services.schedule_sent(mine)
    after = Schedule.objects.get(name=NAME)
    assert after.last_sent_at is not None
    assert 3590 < (after.next_at - timezone.now()).total_seconds() <= 3600


def test_what_was_asked_for_while_it_was_sent_stays() -> None:
    Schedule.objects.filter(name=NAME).update(next_at=timezone.now())
    claimed = Schedule.objects.get(name=NAME)
    services.schedule_claim(claimed, 10)
    services.schedule_run(actor=SYSTEM, name=NAME)
    services.schedule_sent(claimed)
    assert [one.name for one in schedules_due()] == [NAME]


def test_a_paused_one_cannot_be_claimed() -> None:
    Schedule.objects.filter(name=NAME).update(next_at=timezone.now())
    found = Schedule.objects.get(name=NAME)
    services.schedule_pause(actor=SYSTEM, name=NAME, reason="x")
    assert not services.schedule_claim(found, 10)


def test_crontabs_are_understood() -> None:
    nightly = Declared("events.prune", crontab(minute="30", hour="3"))
    due = nightly.after(timezone.now())
    assert (due + timedelta(seconds=1)).strftime("%H:%M") == "03:30"
    assert 0 < (due - timezone.now()).total_seconds() <= 24 * 3600
    assert nightly.described == "crontab: 30 3 * * * (m/h/dM/MY/d)"


def test_intervals_in_words() -> None:
    assert [every(seconds) for seconds in (1, 90, 300, 3600, 6 * 3600, 5400)] == [
        "every 1 s",
        "every 90 s",
        "every 5 min",
        "every 1 h",
        "every 6 h",
        "every 90 min",
    ]
