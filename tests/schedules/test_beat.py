"""`celery beat` with its rows: what it sends, and what becomes of it when something fails."""

from datetime import timedelta
from typing import Any

import pytest
from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from apps.schedules.beat import LEASE_S, DatabaseScheduler
from apps.schedules.models import Schedule
from apps.schedules.outcomes import HEADER
from config.celery import app

pytestmark = pytest.mark.django_db


@shared_task(name="tests.schedules.fails")
def fails() -> None:
    raise ValueError("on purpose")


@shared_task(name="tests.schedules.works")
def works() -> None:
    pass


@pytest.fixture
def sent(settings: Any, monkeypatch: Any) -> list[tuple[str, dict[str, Any]]]:
    settings.CELERY_BEAT_SCHEDULE = {
        "often": {"task": "tests.works", "schedule": 5.0, "options": {"expires": 5}},
        "seldom": {"task": "tests.fails", "schedule": 3600.0},
    }
    found: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(app, "send_task", lambda task, **options: found.append((task, options)))
    return found


def due(*names: str) -> None:
    Schedule.objects.filter(name__in=names).update(next_at=timezone.now() - timedelta(hours=1))


def test_what_is_due_is_sent_once(sent: list[Any]) -> None:
    beat = DatabaseScheduler(app)
    beat.tick()
    assert sent == []
    due("often")
    beat.tick()
    DatabaseScheduler(app).tick()
    assert sent == [("tests.works", {"headers": {HEADER: "often"}, "expires": 5})]
    often = Schedule.objects.get(name="often")
    assert 4 < (often.next_at - timezone.now()).total_seconds() <= 5


def test_a_broker_that_is_down_delays_it_by_the_claim(sent: list[Any], monkeypatch: Any) -> None:
    beat = DatabaseScheduler(app)
    beat.tick()
    due("often", "seldom")

    def down(*_args: Any, **_kwargs: Any) -> None:
        raise BrokerError("no broker")

    with monkeypatch.context() as patch:
        patch.setattr(app, "send_task", down)
        beat.tick()
    assert set(Schedule.objects.values_list("last_sent_at", flat=True)) == {None}
    waits = [
        (next_at - timezone.now()).total_seconds()
        for next_at in Schedule.objects.values_list("next_at", flat=True)
    ]
    assert all(LEASE_S - 1 < wait <= LEASE_S for wait in waits)
    due("often")
    beat.tick()
    assert [task for task, _options in sent] == ["tests.works"]


def test_one_that_another_release_declares_is_left_alone(sent: list[Any], settings: Any) -> None:
    beat = DatabaseScheduler(app)
    beat.tick()
    Schedule.objects.create(name="newer", next_at=timezone.now() - timedelta(hours=1))
    beat.tick()
    assert sent == []
    assert Schedule.objects.filter(name="newer", last_sent_at=None).exists()


def test_how_it_went_is_kept(settings: Any) -> None:
    settings.CELERY_TASK_EAGER_PROPAGATES = False
    for name in ("good", "bad"):
        Schedule.objects.create(name=name, next_at=timezone.now(), last_error="of before")
    works.apply(headers={HEADER: "good"})
    fails.apply(headers={HEADER: "bad"}, throw=False)
    works.apply()  # by nobody's schedule
    good, bad = Schedule.objects.get(name="good"), Schedule.objects.get(name="bad")
    assert (good.last_error, bad.last_error) == ("", "ValueError: on purpose")
    assert good.last_finished_at is not None
    assert good.last_duration_ms is not None
    assert good.last_duration_ms < 1000
