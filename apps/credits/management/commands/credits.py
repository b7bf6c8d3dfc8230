from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.billing.billing_commands.base import Subcommand
from apps.common.database import system_connection
from apps.common.errors import PlatformError
from apps.credits.credits_commands import archiving, giving, verifying

MODULES = (giving, verifying, archiving)
SUBCOMMANDS: dict[str, type[Subcommand]] = {
    found.name: found for module in MODULES for found in module.COMMANDS
}


class Command(BaseCommand):
    help = f"Credits: {', '.join(SUBCOMMANDS)}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        for name, subcommand in SUBCOMMANDS.items():
            subcommand.arguments(parsers.add_parser(name, help=subcommand.help))

    @system_connection()
    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            SUBCOMMANDS[options["command"]](self.stdout, self.stderr).run(options)
        except PlatformError as error:
            raise CommandError(str(error.detail)) from error
