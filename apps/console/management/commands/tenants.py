from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.common.errors import PlatformError
from apps.console.tenant_commands import addresses, copies, drift, life, maintenance, pool
from apps.console.tenant_commands.base import Subcommand

MODULES = (life, addresses, maintenance, copies, pool, drift)
SUBCOMMANDS: dict[str, type[Subcommand]] = {
    found.name: found for module in MODULES for found in module.COMMANDS
}


class Command(BaseCommand):
    help = f"The life cycle of tenants: {', '.join(SUBCOMMANDS)}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        for name, subcommand in SUBCOMMANDS.items():
            one = parsers.add_parser(name, help=subcommand.help)
            subcommand.arguments(one)
            one.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            SUBCOMMANDS[options["command"]](self.stdout, self.stderr).run(options)
        except PlatformError as error:
            raise CommandError(str(error)) from error
