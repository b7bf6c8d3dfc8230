"""archive: the oldest part of the ledger to files."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError

from apps.billing.billing_commands.base import Subcommand
from apps.common.tenancy import tenant_context
from apps.credits.archiving import archivable_before, archive_step
from apps.credits.credits_commands.tenants import add_choice, chosen


class Archive(Subcommand):
    name = "archive"
    help = "move transactions of before a day to files; what they add up to stays and is verified"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        add_choice(parser)
        parser.add_argument("--before", required=True, help="a day (UTC), as 2026-01-01")

    def run(self, options: dict[str, Any]) -> None:
        before = _day(options["before"])
        if before > (latest := archivable_before()):
            raise CommandError(
                f"Keep the last 400 days: give {latest:%Y-%m-%d} or a day before. The keys of what is "
                "archived are forgotten, and nothing of it can be given back."
            )
        for tenant in chosen(options):
            count = 0
            with tenant_context(tenant):
                while archive := archive_step(tenant.schema_name, before):
                    count += archive.transactions
            if count or options["tenant"]:
                self.stdout.write(f"{tenant.slug}: {count} transactions are in files.")


COMMANDS = (Archive,)


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise CommandError(f"Give the day as 2026-01-01: not {text!r}.") from error
