"""Schedules in the console."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.schedules.models import Schedule
from apps.schedules.services import schedules_sync
from tests.console.conftest import messages_of

LIST = "/console/schedules/schedule/"
NAME = "events-prune"


@pytest.fixture
def page(world: Any) -> str:
    schedules_sync()
    return f"{LIST}{Schedule.objects.get(name=NAME).pk}/"


def now() -> Schedule:
    return Schedule.objects.get(name=NAME)


def test_seen_paused_and_resumed(console: Client, page: str, published: Any) -> None:
    html = console.get(LIST).content.decode()
    assert NAME in html
    assert "every 1 h" in html
    assert console.post(f"{page}pause/", {"reason": ""}).status_code == 200
    assert not now().is_paused
    console.post(f"{page}pause/", {"reason": "The table is being moved"})
    assert now().is_paused
    html = console.get(page).content.decode()
    assert "The table is being moved" in html
    assert "is not possible" in messages_of(console.post(f"{page}run/"))[-1]
    console.post(f"{page}resume/")
    assert (now().is_paused, now().pause_reason) == (False, "")
    assert published() == [("schedules.schedule_changed", "staff@platform.test")] * 2


def test_run_now(console: Client, page: str) -> None:
    assert now().next_at > timezone.now() + timedelta(minutes=50)
    console.post(f"{page}run/")
    assert now().next_at <= timezone.now()


def test_another_interval(console: Client, page: str) -> None:
    assert "Declared: every 1 h" in console.get(f"{page}interval/").content.decode()
    for wrong in ("0", "-1", "soon", "99999999999"):
        assert console.post(f"{page}interval/", {"interval_s": wrong}).status_code == 200
        assert now().interval_s is None
    console.post(f"{page}interval/", {"interval_s": "900"})
    assert now().interval_s == 900
    assert "every 15 min" in console.get(page).content.decode()
    console.post(f"{page}interval/", {"interval_s": ""})
    assert now().interval_s is None


def test_the_last_error_is_shown(console: Client, page: str) -> None:
    Schedule.objects.filter(name=NAME).update(
        last_error="ValueError: <broken>", last_duration_ms=1234, last_sent_at=timezone.now()
    )
    html = console.get(page).content.decode()
    assert "ValueError: &lt;broken&gt;" in html
    assert "1,234 ms" in html
    assert "Failed" in console.get(LIST).content.decode()
