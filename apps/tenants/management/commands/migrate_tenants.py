import json
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError

from apps.common.actors import Actor
from apps.common.errors import PlatformError
from apps.tenants.fleet import report
from apps.tenants.fleet.outcome import ConnectionLost, Timeouts
from apps.tenants.fleet.plan import waves
from apps.tenants.fleet.progress import display_on, wave_name
from apps.tenants.fleet.run import Options, Result, fleet_migrate
from apps.tenants.fleet.scan import fleet_scan

ACTOR = Actor.system("command")
SHOWN = 20


def whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most:,}")
        return int(text)

    return parse


class Command(BaseCommand):
    help = (
        "Bring the template and every tenant's schema to this release's version: some canaries first, "
        "then in waves. Tenants that are current are found by one query and skipped. Run `migrate` "
        "first, for the shared tables."
    )
    # As `migrate`: the checks would load every URL and view, which takes longer than the work.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = Options()
        parser.add_argument(
            "--canary",
            type=whole(0, 100_000),
            default=default.canaries,
            metavar="N",
            help="tenants that go first, alone: marked ones, then sandbox copies, then the oldest "
            f"(default {default.canaries})",
        )
        parser.add_argument(
            "--jobs",
            type=whole(1, 32),
            default=default.jobs,
            metavar="N",
            help=f"tenants at a time, with a connection each (default {default.jobs})",
        )
        parser.add_argument(
            "--lock-timeout-ms",
            type=whole(1, 600_000),
            default=default.timeouts.lock_ms,
            metavar="N",
            help="how long one attempt waits for a table, and so holds up the app "
            f"(default {default.timeouts.lock_ms})",
        )
        parser.add_argument(
            "--statement-timeout-s",
            type=whole(0, 86_400),
            default=default.timeouts.statement_s,
            metavar="N",
            help=f"for each statement, 0: none (default {default.timeouts.statement_s})",
        )
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument(
            "--resume", action="store_true", help="go on with the last run, which was not finished"
        )
        mode.add_argument(
            "--dry-run", action="store_true", help="only say what would be migrated, in which order"
        )
        mode.add_argument(
            "--report", action="store_true", help="only say which tenants are at which version"
        )
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["report"]:
            self._report(as_json=options["json"])
        elif options["dry_run"]:
            self._dry_run(options)
        else:
            self._migrate(options)

    def _migrate(self, options: dict[str, Any]) -> None:
        began_s = time.monotonic()
        timeouts = Timeouts(options["lock_timeout_ms"], options["statement_timeout_s"])
        chosen = Options(options["canary"], options["jobs"], timeouts)
        try:
            terminal = cast("IO[str]", self.stderr._out)
            with display_on(terminal, self.stderr.write) as display:
                result = fleet_migrate(
                    actor=ACTOR, options=chosen, resume=options["resume"], display=display
                )
        except PlatformError as error:
            raise CommandError(str(error.detail)) from error
        except ConnectionLost as error:
            raise CommandError(
                f"PostgreSQL went away: {error}\nNothing is half done. Continue: {report.RESUME}"
            ) from error
        except KeyboardInterrupt:
            self.stderr.write(f"Interrupted; what was begun has ended. Continue: {report.RESUME}")
            sys.exit(130)
        self._result(result, time.monotonic() - began_s, options)

    def _result(self, result: Result, took_s: float, options: dict[str, Any]) -> None:
        run = report.run_facts(result.run) if result.run else None
        failed = run["failed"] if run else []
        if options["json"]:
            self._print_json(
                {
                    "status": run["status"] if run else report.CURRENT,
                    "tenants": result.tenants,
                    "current_before": result.current,
                    "roles_created": result.roles_created,
                    "seconds": round(took_s, 3),
                    "run": run,
                }
            )
        else:
            self._print_result(result, run, took_s)
            if not options["resume"]:
                were = "was" if result.current == 1 else "were"
                self.stdout.write(f"{_tenants(result.current)} {were} current")
        if failed:
            raise CommandError(
                f"{len(failed):,} failed. Mend the cause, then: {report.RESUME}\n"
                "It tries them again, each with Django's executor, and goes on with the next wave."
            )

    def _print_result(self, result: Result, run: dict[str, Any] | None, took_s: float) -> None:
        for name in result.roles_created:
            self.stdout.write(f"{name}: role created")
        for wave in run["waves"] if run else ():
            left = wave["total"] - wave["done"] - wave["failed"]
            self.stdout.write(
                f"{wave_name(wave['wave'])}: {wave['done']:,} of {wave['total']:,} done"
                + (f", {wave['gone']:,} of them deleted meanwhile" if wave["gone"] else "")
                + (f", {wave['failed']:,} failed" if wave["failed"] else "")
                + (f", {left:,} not begun" if left else "")
            )
        if run is None:
            self.stdout.write("template: current")
        else:
            self._print_failed(run["failed"])
            self.stdout.write(f"{_tenants(run['migrated'])} migrated by this run, {took_s:.1f} s")

    def _print_failed(self, failed: list[dict[str, Any]]) -> None:
        for one in failed[:SHOWN]:
            name = f"{one['tenant']} ({one['schema']})" if one["tenant"] else one["schema"]
            attempts = "1 attempt" if one["attempts"] == 1 else f"{one['attempts']} attempts"
            self.stdout.write(f"  {name}, {attempts}: {one['error'].partition(chr(10))[0]}")
        if len(failed) > SHOWN:
            self.stdout.write(f"  and {len(failed) - SHOWN:,} more: --json or the console has all")

    def _dry_run(self, options: dict[str, Any]) -> None:
        scan = fleet_scan()
        outdated = scan.outdated
        plan = waves(outdated, options["canary"])
        template = report.template_missing(scan)
        versions = report.by_version(outdated)
        if options["json"]:
            self._print_json(
                {
                    "tenants": len(scan.places),
                    "outdated": len(outdated),
                    "template_missing": template,
                    "waves": {
                        number: [place.slug for place in places] for number, places in plan.items()
                    },
                    "versions": versions,
                    "roles_missing": [p.schema_name for p in scan.places if not p.has_role],
                }
            )
            return
        self._print_template(template)
        self._print_versions(versions)
        for number, places in plan.items():
            slugs = [place.slug for place in places]
            self.stdout.write(f"{wave_name(number)}: {_some(slugs)}")
        self.stdout.write(f"{len(outdated):,} of {len(scan.places):,} tenants would be migrated")

    def _report(self, *, as_json: bool) -> None:
        scan = fleet_scan()
        template, versions = report.template_missing(scan), report.by_version(scan.places)
        if as_json:
            self._print_json(
                {
                    "tenants": len(scan.places),
                    "template_missing": template,
                    "versions": versions,
                }
            )
            return
        self._print_template(template)
        self._print_versions(versions)

    def _print_template(self, missing: list[str]) -> None:
        self.stdout.write(f"template: {'lacks ' + ', '.join(missing) if missing else 'current'}")

    def _print_versions(self, versions: list[dict[str, Any]]) -> None:
        for version in versions:
            self.stdout.write(f"{version['version']}: {_tenants(version['count'])}")
            self.stdout.write(f"  {_some(version['tenants'])}")

    def _print_json(self, data: object) -> None:
        self.stdout.write(json.dumps(data, indent=2))


def _tenants(count: int) -> str:
    return "1 tenant" if count == 1 else f"{count:,} tenants"


def _some(slugs: list[str]) -> str:
    more = len(slugs) - SHOWN
    return ", ".join(slugs[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
