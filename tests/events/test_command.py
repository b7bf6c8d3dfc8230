import json
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.events.drain import drain_once
from apps.events.models import Handling
from tests.events.sample import effects, post

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
            "dead": 1,
            "retrying": 0,
            "oldest_pending_s": None,
            "known": True,
        }
    }
    group = stats["groups"]["sample"]
    assert (group["lag"], group["unfinished"], group["processes"]) == (0, 0, 0)
    assert "sample.record_note" in run("stats")


def test_stats_without_redis_say_what_the_database_knows(dead, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    stats = json.loads(run("stats", "--json"))
    assert stats["groups"]["sample"] == {
        "lag": None,
        "unfinished": None,
        "per_minute": None,
        "processes": 0,
    }
    assert stats["handlers"]["sample.record_note"]["dead"] == 1
    assert "?" in run("stats")


def test_replay_of_a_time_into_a_group(effects_table):
    post(1)
    drain_once()
    past = ("--since", "2020-01-01", "--until", "2020-01-02T12:00+01:00")
    assert run("replay", "--group", "sample", *past) == "0 to be handled again.\n"
    now = ("--since", "2020-01-01", "--until", "2999-01-01")
    assert run("replay", "--group", "sample", *now) == "1 to be handled again.\n"
    assert drain_once().done == 1
    assert effects() == [1, 1]
    backwards = ("--since", "2999-01-01", "--until", "2020-01-01")
    for wrong in (
        ("--group", "nobody", *now),
        ("--group", "sample"),
        ("--group", "sample", *backwards),
        ("--group", "sample", "--since", "soon", "--until", "2999-01-01"),
    ):
        with pytest.raises(CommandError):
            run("replay", *wrong)


def test_dead_lists_what_failed_and_why(dead):
    [letter] = json.loads(run("dead", "--json"))
    assert letter["id"] == str(dead.id)
    assert letter["error"] == "Traceback ...\nValueError: 5"
    assert letter["event"]["payload"]["n"] == 5
    assert letter["event"]["traceparent"] == ""
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
