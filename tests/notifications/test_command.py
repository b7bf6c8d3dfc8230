"""`manage.py notifications`."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.notifications import tasks
from apps.organizations.models import Member
from tests.api.client import MISSING
from tests.conftest import World
from tests.notifications.test_digests import tell_of

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("notifications", *arguments, stdout=out)
    return out.getvalue()


def test_stats(inside: World, alice_member: Member) -> None:
    tell_of()
    found = json.loads(run("stats", "acme", "--json"))
    assert found["waiting"] == {"email": 1}
    assert found["deliveries"] == [
        {"channel": "email", "state": "pending", "reason": "default", "count": 1},
        {"channel": "push", "state": "skipped", "reason": "default", "count": 1},
    ]
    assert "Due now: 1 by email." in run("stats", "acme")
    assert "Due now: nothing." in run("stats", "globex")


def test_trace(inside: World, alice_member: Member) -> None:
    told = tell_of()
    found = json.loads(run("trace", "acme", str(told.id), "--json"))
    assert (found["type"], found["told"], found["inboxes"]) == (
        "billing.limit_neared",
        1,
        ["alice@acme.test"],
    )
    assert {(one["to"], one["channel"], one["state"]) for one in found["deliveries"]} == {
        ("alice@acme.test", "email", "pending"),
        ("alice@acme.test", "push", "skipped"),
    }
    assert "alice@acme.test                  email    pending" in run("trace", "acme", str(told.id))


@pytest.mark.parametrize(
    "arguments", [("trace", "acme", MISSING), ("trace", "acme", "x"), ("stats", "nobody")]
)
def test_of_what_there_is_not(inside: World, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)


def test_resume(inside: World, monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[Any] = []
    for task in (tasks.resume_handing_out, tasks.resume_sending):
        monkeypatch.setattr(task, "delay", lambda *, tenant_id: queued.append(tenant_id))
    assert run("resume", "acme") == "1 workspace queued.\n"
    assert queued == [str(inside.acme.id)] * 2
    assert run("resume") == "2 workspaces queued.\n"
    assert len(queued) == 6
