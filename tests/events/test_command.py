import json
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.events.drain import drain_once
from apps.events.models import Handling
from tests.events.sample import post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("effects_table")]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("events", *arguments, stdout=out, skip_checks=True)
    return out.getvalue()


@pytest.fixture
def dead(effects_table) -> Handling:
    post(5)
    drain_once()
    Handling.objects.update(state="dead", last_error="Traceback ...\nValueError: 5")
    return Handling.objects.get()


def test_stats(dead):
    post(6)
    stats = json.loads(run("stats", "--json"))
    known = stats["undispatched"] - stats["undispatched_unknown"]
    assert known == 1
    assert stats["oldest_undispatched_s"] >= 0
    assert stats["handlers"] == {
        "sample.record_note": {
            "pending": 0,
            "done": 0,
            "dead": 1,
            "discarded": 0,
            "retrying": 0,
            "oldest_pending_s": None,
            "known": True,
        }
    }
    assert "sample.record_note" in run("stats")


def test_dead_lists_what_failed_and_why(dead):
    [letter] = json.loads(run("dead", "--json"))
    assert letter["id"] == str(dead.id)
    assert letter["error"] == "Traceback ...\nValueError: 5"
    assert letter["event"]["payload"]["n"] == 5
    line = run("dead")
    assert str(dead.id) in line
    assert line.endswith("ValueError: 5\n")
    assert run("dead", "--handler", "sample.other") == "No dead letters.\n"


def test_replay_and_discard(dead):
    assert run("replay", str(dead.id)) == "1 to be handled again.\n"
    assert drain_once().done == 1
    assert run("replay", "--all") == "0 to be handled again.\n"
    with pytest.raises(CommandError, match="not a dead letter"):
        run("discard", str(dead.id), "--reason", "late")


@pytest.mark.parametrize(
    "arguments", [("replay",), ("replay", "nonsense"), ("discard", str(uuid.uuid4())), ()]
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(CommandError):
        run(*arguments)
