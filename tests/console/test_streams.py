"""How groups keep up, in the console, and replaying a time."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.events.drain import drain_once
from apps.events.models import Handling, OutboxEvent
from apps.tenants.models import Tenant
from tests.console.conftest import dead_letter

PAGE, REPLAY = "/console/streams/", "/console/streams/replay/?group=organizations"


def test_the_page_says_how_groups_keep_up(console: Client, acme: Tenant) -> None:
    drain_once()
    handling = dead_letter(acme)
    html = console.get(PAGE).content.decode()
    assert "Nothing waits for a relay." in html
    for group in ("accounts", "organizations", "roles", "tenants"):
        assert f"streams/replay/?group={group}" in html
    assert f"?handler={handling.handler}&amp;state__exact=dead" in html
    assert "accounts, events handled by the minute" in html
    assert "a minute</span>" in html  # what this drain took


def test_without_redis_the_page_says_so(console: Client, settings) -> None:
    drain_once()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    html = console.get(PAGE).content.decode()
    assert "Redis does not answer" in html


def test_a_time_is_replayed_after_it_is_confirmed(console: Client, acme: Tenant) -> None:
    drain_once()
    done = Handling.objects.filter(handler__startswith="organizations.", state="done").count()
    page = console.get(REPLAY)
    assert "also what it has handled already" in page.content.decode()
    now = timezone.localtime()
    times = {"since": now - timedelta(days=400), "until": now + timedelta(days=1)}
    sent = {k: f"{v:%Y-%m-%dT%H:%M}" for k, v in times.items()} | {"group": "organizations"}
    response = console.post(REPLAY, sent)
    assert response["Location"] == PAGE
    assert Handling.objects.filter(state="pending").count() >= done
    [told] = OutboxEvent.objects.filter(name="events.group_replayed")
    assert (told.payload["group"], told.actor_label) == ("organizations", "staff@platform.test")


@pytest.mark.parametrize(
    "times",
    [
        {"since": "2026-01-02T00:00", "until": "2026-01-01T00:00"},
        {"since": "soon", "until": "2026-01-01T00:00"},
        {},
        {"since": "2026-01-01T00:00", "until": "2026-01-02T00:00", "group": "nobody"},
    ],
)
def test_wrong_times_are_refused_and_change_nothing(console: Client, times) -> None:
    response = console.post(REPLAY, {"group": "organizations"} | times)
    assert response.status_code == 200
    assert "c-field-wrong" in response.content.decode()
    assert not OutboxEvent.objects.filter(name="events.group_replayed").exists()
