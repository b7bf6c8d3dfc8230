"""drift: what differs from how the platform made it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from apps.console.tenant_commands.base import Subcommand
from apps.tenants.drift import Finding, drift_find, drift_mend


class Drift(Subcommand):
    name = "drift"
    help = "compare schemas, roles, rights and policies with what they should be, and mend them"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--mend", action="store_true", help="set right what can be")
        parser.add_argument(
            "--drop-orphans",
            action="store_true",
            help="with --mend: also drop schemas and roles that no tenant has, data and all",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what --mend would do")

    def run(self, options: dict[str, Any]) -> None:
        """Exits with 1 where something is left that differs."""
        if options["drop_orphans"] and not options["mend"]:
            raise CommandError("--drop-orphans goes with --mend.")
        found = drift_find()
        left = found
        if options["mend"] and not options["dry_run"]:
            drift_mend(found, drop_orphans=options["drop_orphans"])
            left = drift_find()
        if options["json"]:
            self.print_json(
                {
                    "found": [self._facts(one, options) for one in found],
                    "left": [self._facts(one, options) for one in left],
                }
            )
        else:
            self._print(found, left, options)
        if left:
            raise CommandError(f"{len(left)} differences.", returncode=1)

    def _print(self, found: list[Finding], left: list[Finding], options: dict[str, Any]) -> None:
        kept = {(one.kind, one.subject, one.detail) for one in left}
        for one in found:
            mark = ""
            if (one.kind, one.subject, one.detail) not in kept:
                mark = "  (mended)"
            elif options["dry_run"] and one.is_mendable(options["drop_orphans"]):
                mark = "  (would be mended)"
            elif one.mend is not None:
                mark = "  (--mend --drop-orphans)" if one.drops else "  (--mend)"
            self.stdout.write(f"{one.kind:<18} {one.subject:<40} {one.detail}{mark}")
        if not found:
            self.stdout.write("Everything is as it should be.")

    @staticmethod
    def _facts(one: Finding, options: dict[str, Any]) -> dict[str, Any]:
        return {
            "kind": one.kind,
            "subject": one.subject,
            "detail": one.detail,
            "mendable": one.is_mendable(options["drop_orphans"]),
            "drops": one.drops,
        }


COMMANDS: tuple[type[Subcommand], ...] = (Drift,)
