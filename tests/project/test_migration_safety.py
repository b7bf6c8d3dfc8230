"""`make test` refuses migrations that the release before, or a busy table, would not survive."""

import os
import re
import subprocess
import sys

from tests.project.files import ROOT

FLEET_MIGRATIONS = ROOT / "tests" / "fleet_migrations"
FOUND = re.compile(r"^\(organizations, (\w+)\)\.\.\. ERR\n((?:\t.*\n)+)", re.MULTILINE)
ALTERING = "ALTERING columns (Could be backward compatible. You may ignore this migration.)"
# What is wrong with each migration of tests/fleet_migrations/unsafe.
REFUSED = {
    "added_index": ["CREATE INDEX locks table"],
    "column_altered": [f"{ALTERING} (table: organizations_member, column: name)"],
    "column_dropped": ["DROPPING columns (table: organizations_member, column: email)"],
    "column_renamed": ["RENAMING columns (table: organizations_member, column: email)"],
    "dropped_index": ["DROP INDEX locks table"],
    "not_null": ["NOT NULL constraint on columns"],
    "set_not_null": ["NOT NULL constraint on columns"],
    "table_dropped": ["DROPPING table (table: organizations_invitation)"],
    "table_renamed": ["RENAMING tables (table: organizations_invitation)"],
    "unique": ["ADDING unique constraint"],
}


def lint(release: str) -> tuple[int, str]:
    """Exit status and output of the check's own command, for the migrations that only this release has."""
    names = [path.stem for path in (FLEET_MIGRATIONS / release).glob("[!_]*.py")]
    done = subprocess.run(
        [sys.executable, "manage.py", "lintmigrations", "organizations", "--include-name", *names],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.fleet_migrations.settings_lint",
            "FLEET_RELEASE": release,
        },
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_unsafe_migrations_are_refused_with_a_reason() -> None:
    status, output = lint("unsafe")
    found = {
        name: sorted(set(reasons.strip().split("\n\t"))) for name, reasons in FOUND.findall(output)
    }
    assert found == REFUSED
    assert status == 1


def test_safe_migrations_are_accepted() -> None:
    status, output = lint("safe")
    assert status == 0, output
    assert "Valid migrations: 5/" in output


def test_make_test_runs_the_check() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^STATIC_CHECKS := .*\bcheck-migration-safety\b", makefile, re.MULTILINE)
    assert "manage.py lintmigrations" in makefile
