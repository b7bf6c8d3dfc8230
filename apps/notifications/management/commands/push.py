"""`manage.py push`: what operators do for push messages."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.notifications.push.web import private_key_new, public_key_of


class Command(BaseCommand):
    help = "Makes what push messages to browsers need."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        commands.add_parser(
            "keys",
            help="print a new key for WEB_PUSH_PRIVATE_KEY, and what browsers are told of it",
        )

    def handle(self, *_args: Any, **_options: Any) -> None:
        private = private_key_new()
        self.stdout.write(f"WEB_PUSH_PRIVATE_KEY={private}")
        self.stdout.write(
            f"# Its public half, which pages give to browsers: {public_key_of(private)}"
        )
