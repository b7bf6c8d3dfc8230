"""verify: whether everything that is kept is what the entries add up to."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from apps.billing.billing_commands.base import Subcommand
from apps.common.tenancy import tenant_context
from apps.credits.archiving import archive_differences
from apps.credits.credits_commands.tenants import add_choice, chosen
from apps.credits.verifying import Difference, differences


class Verify(Subcommand):
    name = "verify"
    help = "rebuild balances, grants, holds and usage from entries and archives; 1: they differ"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        add_choice(parser)
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def run(self, options: dict[str, Any]) -> None:
        found: dict[str, list[Difference]] = {}
        for tenant in chosen(options):
            with tenant_context(tenant):
                found[tenant.slug] = differences() + archive_differences()
            if not options["json"]:
                self._print(tenant.slug, found[tenant.slug])
        count = sum(len(ones) for ones in found.values())
        if options["json"]:
            tenants = {slug: [asdict(one) for one in ones] for slug, ones in found.items()}
            self.print_json({"differences": count, "tenants": tenants})
        if count:
            raise CommandError(f"{count} differences in {len(found)} tenants.")

    def _print(self, slug: str, found: list[Difference]) -> None:
        for one in found:
            self.stdout.write(
                f"{slug}: {one.what} {one.id}: kept {one.kept}, by the entries {one.computed}"
            )
        if not found:
            self.stdout.write(f"{slug}: everything adds up.")


COMMANDS = (Verify,)
