"""`manage.py schedules`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.schedules.models import Schedule
from apps.schedules.services import schedules_sync

pytestmark = pytest.mark.django_db
NAME = "events-prune"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("schedules", *arguments, stdout=out)
    return out.getvalue()


def test_list_and_change() -> None:
    assert run("list") == "None yet: beat makes them at its first start.\n"
    schedules_sync()
    assert run("interval", NAME, "900") == f"{NAME}: every 15 min.\n"
    assert run("pause", NAME, "--reason", "ticket 7") == f"{NAME} is paused.\n"
    lines = [line for line in run("list").splitlines() if line.startswith(NAME)]
    assert "every 15 min" in lines[0]
    assert "paused: ticket 7" in lines[0]
    facts = {one["name"]: one for one in json.loads(run("list", "--json"))}
    assert facts[NAME]["is_paused"] is True
    assert facts[NAME]["timing"] == "every 15 min"
    assert run("resume", NAME) == f"{NAME} is resumed.\n"
    assert run("run", NAME) == f"{NAME} is due now.\n"
    assert run("interval", NAME, "--declared") == f"{NAME}: every 1 h.\n"
    assert Schedule.objects.get(name=NAME).interval_s is None


def test_refusals_are_said() -> None:
    schedules_sync()
    with pytest.raises(CommandError, match="nothing here"):
        run("run", "no-such")
    with pytest.raises(CommandError, match="not paused"):
        run("resume", NAME)
    with pytest.raises(CommandError, match="Choose 1 to"):
        run("interval", NAME, "0")
