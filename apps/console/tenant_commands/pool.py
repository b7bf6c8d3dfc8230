"""pool: schemas that are built ahead."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from apps.console.tenant_commands.base import Subcommand
from apps.tenants.pool import pool_refill, pool_state


class Pool(Subcommand):
    name = "pool"
    help = (
        "schemas built ahead, for new workspaces to take: how many there are; refill or drop them"
    )

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--refill", action="store_true", help="build and drop here and now")
        act.add_argument("--drain", action="store_true", help="drop all of them")
        parser.add_argument(
            "--size", type=int, help="with --refill: how many, instead of TENANT_POOL_SIZE"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")

    def run(self, options: dict[str, Any]) -> None:
        if options["size"] is not None and (options["size"] < 0 or not options["refill"]):
            raise CommandError("--size takes a number from 0 on, and goes with --refill.")
        state = pool_state()
        wanted = 0 if options["drain"] else options["size"]
        wanted = settings.TENANT_POOL_SIZE if wanted is None else wanted
        built = dropped = 0
        if options["refill"] or options["drain"]:
            if options["dry_run"]:
                built = max(0, wanted - state.current)
                dropped = state.stale + max(0, state.current - wanted)
            else:
                built, dropped = pool_refill(wanted)
                state = pool_state()
        if options["json"]:
            self.print_json(
                {
                    "current": state.current,
                    "stale": state.stale,
                    "wanted": state.wanted,
                    "built": built,
                    "dropped": dropped,
                    "dry_run": options["dry_run"],
                }
            )
            return
        self.stdout.write(
            f"{state.current} schemas wait, {state.stale} are stale; TENANT_POOL_SIZE is {state.wanted}."
        )
        if options["refill"] or options["drain"]:
            would = "would be " if options["dry_run"] else ""
            self.stdout.write(f"{built} {would}built, {dropped} {would}dropped.")


COMMANDS: tuple[type[Subcommand], ...] = (Pool,)
