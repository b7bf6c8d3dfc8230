"""`manage.py migrate_tenants`: what it prints, for people and for programs, and how it ends."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.tenants import schemas
from apps.tenants.fleet import progress
from apps.tenants.fleet.outcome import Outcome
from apps.tenants.fleet.progress import LineDisplay, display_on
from apps.tenants.models import MigrationRun, MigrationTarget, Tenant
from tests.tenants.catalogue import catalogue
from tests.tenants.fleet.conftest import Fleet, member, schema_of

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., tuple[str, str]]
NEXT = "organizations.next_member_nickname"


@pytest.fixture
def run() -> Run:
    """The command's output and what it wrote to standard error; CommandError's text is the latter's end."""

    def call(*arguments: str) -> tuple[str, str]:
        out, err = StringIO(), StringIO()
        try:
            call_command("migrate_tenants", *arguments, stdout=out, stderr=err)
        except CommandError as error:
            err.write(f"CommandError: {error}\n")
        return out.getvalue(), err.getvalue()

    return call


def test_nothing_to_do(fleet: Fleet, run: Run) -> None:
    fleet.tenants(3)
    assert run() == ("template: current\n3 tenants were current\n", "")
    assert run("--dry-run") == ("template: current\n0 of 3 tenants would be migrated\n", "")
    assert run("--report") == (
        "template: current\ncurrent: 3 tenants\n  fleet-0, fleet-1, fleet-2\n",
        "",
    )


def test_nothing_to_do_takes_the_same_few_statements_for_any_number(fleet: Fleet, run: Run) -> None:
    counts = []
    for number in range(2):
        fleet.tenants(3, f"part{number}")
        with CaptureQueriesContext(connection) as captured:
            run()
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 9


def test_a_migration_is_reported_wave_by_wave(fleet: Fleet, run: Run) -> None:
    fleet.tenants(12)
    fleet.release("column")
    out, err = run("--canary", "2")
    lines = out.splitlines()
    assert lines[:4] == [
        "template: 1 of 1 done",
        "canaries: 2 of 2 done",
        "wave 2: 1 of 1 done",
        "wave 3: 9 of 9 done",
    ]
    assert lines[4].startswith("12 tenants migrated by this run, ")
    assert lines[5:] == ["0 tenants were current"]
    assert err.splitlines()[:2] == ["template", "canaries   0/12 tenants"]
    assert err.splitlines()[-1].startswith("wave 3     12/12 tenants, ")


def test_json_has_the_whole_run(fleet: Fleet, run: Run) -> None:
    fleet.tenants(3)
    fleet.release("column")
    out, _ = run("--json", "--canary", "1", "--jobs", "1")
    data = json.loads(out)
    made = MigrationRun.objects.get()
    assert data.pop("seconds") > 0
    assert data == {
        "status": "done",
        "tenants": 3,
        "current_before": 0,
        "roles_created": [],
        "run": {
            "id": str(made.id),
            "status": "done",
            "version": schemas.template_version(),
            "by": made.actor,
            "started_at": made.created_at.isoformat(),
            "finished_at": made.finished_at.isoformat() if made.finished_at else "",
            "waves": [
                {"wave": number, "total": 1, "done": 1, "failed": 0, "gone": 0}
                for number in range(4)
            ],
            "migrated": 3,
            "gone": 0,
            "failed": [],
        },
    }
    out, _ = run("--json")
    assert json.loads(out)["status"] == "current"
    assert json.loads(out)["run"] is None


def test_a_failure_says_what_to_do_and_resume_reports_the_whole_run(fleet: Fleet, run: Run) -> None:
    tenants = fleet.tenants(4)
    bad = member(tenants[0], "Bad")
    fleet.release("constraint")
    out, err = run("--canary", "1")
    lines = out.splitlines()
    assert lines[:4] == [
        "template: 1 of 1 done",
        "canaries: 0 of 1 done, 1 failed",
        "wave 2: 0 of 1 done, 1 not begun",
        "wave 3: 0 of 2 done, 2 not begun",
    ]
    assert lines[4].startswith(
        f'  fleet-0 ({schema_of("fleet-0")}), 1 attempt: CheckViolation: check constraint "member_not_bad"'
    )
    assert lines[5].startswith("0 tenants migrated by this run, ")
    assert f"FAILED {schema_of('fleet-0')}: CheckViolation: " in err
    assert err.endswith(
        "CommandError: 1 failed. Mend the cause, then: manage.py migrate_tenants --resume\n"
        "It tries them again, each with Django's executor, and goes on with the next wave.\n"
    )
    # Still not mended: the same tenant fails again, and the next wave is not begun.
    out, err = run("--resume", "--json")
    data = json.loads(out)
    assert (data["status"], data["run"]["migrated"]) == ("failed", 0)
    (failed,) = data["run"]["failed"]
    error = failed.pop("error")
    assert error.startswith("CheckViolation: ")
    assert failed == {"tenant": "fleet-0", "schema": schema_of("fleet-0"), "wave": 1, "attempts": 2}
    assert "CommandError: 1 failed." in err

    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {tenants[0].schema_name}.organizations_member SET name = 'Good' WHERE id = %s",
            [bad.id],
        )
    out, err = run("--resume")
    lines = out.splitlines()
    assert lines[:4] == [
        "template: 1 of 1 done",
        "canaries: 1 of 1 done",
        "wave 2: 1 of 1 done",
        "wave 3: 2 of 2 done",
    ]
    assert lines[4].startswith("4 tenants migrated by this run, ")
    assert len(lines) == 5


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(fleet: Fleet, run: Run) -> None:
    fleet.tenants(3)
    Tenant.objects.filter(slug="fleet-2").update(is_canary=True)
    fleet.release("column")
    before = everything(fleet)
    out, err = run("--dry-run", "--canary", "1")
    assert out.splitlines() == [
        f"template: lacks {NEXT}",
        f"lacks {NEXT}: 3 tenants",
        "  fleet-0, fleet-1, fleet-2",
        "canaries: fleet-2",
        "wave 2: fleet-0",
        "wave 3: fleet-1",
        "3 of 3 tenants would be migrated",
    ]
    assert err == ""
    assert json.loads(run("--dry-run", "--json")[0]) == {
        "tenants": 3,
        "outdated": 3,
        "template_missing": [NEXT],
        "waves": {"1": ["fleet-2", "fleet-0", "fleet-1"]},
        "versions": [
            {
                "version": f"lacks {NEXT}",
                "missing": [NEXT],
                "count": 3,
                "tenants": ["fleet-0", "fleet-1", "fleet-2"],
            }
        ],
        "roles_missing": [],
    }
    assert everything(fleet) == before
    assert not MigrationRun.objects.exists()


def everything(fleet: Fleet) -> list[Any]:
    return [catalogue(name) for name in [schemas.TEMPLATE, "public", *fleet.made]]


def test_the_report_groups_tenants_by_version(fleet: Fleet, run: Run) -> None:
    fleet.tenants(1)
    fleet.tenants(21, "other")
    fleet.release("column")
    schemas.schema_migrate(schema_of("fleet-0"))
    out, _ = run("--report")
    assert out == (
        f"template: lacks {NEXT}\n"
        "current: 1 tenant\n"
        "  fleet-0\n"
        f"lacks {NEXT}: 21 tenants\n"
        f"  {', '.join(sorted(f'other-{number}' for number in range(21))[:20])} and 1 more\n"
    )
    data = json.loads(run("--report", "--json")[0])
    assert (data["tenants"], data["template_missing"]) == (22, [NEXT])
    assert [(v["missing"], v["count"]) for v in data["versions"]] == [([], 1), ([NEXT], 21)]
    assert len(data["versions"][1]["tenants"]) == 21
    assert not MigrationRun.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--canary", "-1"),
        ("--canary", "few"),
        ("--jobs", "0"),
        ("--jobs", "33"),
        ("--lock-timeout-ms", "0"),
        ("--statement-timeout-s", "x"),
        ("--resume", "--dry-run"),
        ("--report", "--resume"),
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_refused(run: Run, arguments: tuple[str, ...]) -> None:
    out, err = run(*arguments)
    assert out == ""
    assert err.startswith("CommandError: Error: ")


def test_nothing_to_resume_is_said(fleet: Fleet, run: Run) -> None:
    assert run("--resume") == (
        "",
        "CommandError: There is no unfinished run. Start one: migrate_tenants, without --resume.\n",
    )


def outcome(number: int, error: str = "") -> Outcome:
    target = MigrationTarget(schema_name=f"t_{number}", wave=3)
    return Outcome(target, 1, error=error)


def test_lines_come_each_tenth_and_each_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now_s)
    lines: list[str] = []
    display = LineDisplay(lines.append)
    display.begin(1_000)
    display.wave(3, 1_000)
    for number in range(100):
        now_s += 0.02
        display.advance(outcome(number))
    assert lines == [
        "wave 3     0/1,000 tenants",
        "wave 3     100/1,000 tenants, 50/s, about 18 s left",
    ]
    now_s += 5
    display.advance(outcome(100, "LockNotAvailable: no\nmore"))
    assert lines[2:] == [
        "FAILED t_100: LockNotAvailable: no",
        "wave 3     101/1,000 tenants, 14/s, about 62 s left, 1 failed",
    ]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_with_count_rate_and_time_left() -> None:
    terminal = Terminal()
    lines: list[str] = []
    with display_on(terminal, lines.append) as display:
        display.begin(4)
        display.wave(3, 4)
        for number in range(3):
            display.advance(outcome(number))
        display.advance(outcome(3, "CheckViolation: bad\nmore"))
    drawn = terminal.getvalue()
    assert lines == []
    assert "FAILED t_3: CheckViolation: bad" in drawn
    for part in ("wave 3", "4/4", "/s, 1 failed", "0:00:00"):
        assert part in drawn


def test_with_nothing_to_do_there_is_no_bar() -> None:
    terminal = Terminal()
    with display_on(terminal, print):
        pass
    assert terminal.getvalue() == ""
