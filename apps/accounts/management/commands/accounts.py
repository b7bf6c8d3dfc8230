"""`manage.py accounts`: what operators do for a person."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.factors import factors_reset
from apps.accounts.selectors import person_by_email
from apps.accounts.services import person_unlock
from apps.common.actors import Actor
from apps.common.errors import PlatformError

ACTOR = Actor.system("command")


class Command(BaseCommand):
    help = "Helps people with their accounts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        unlock = commands.add_parser(
            "unlock", help="let somebody try their password again, after too many wrong ones"
        )
        unlock.add_argument("email", help="the address of the account")
        reset = commands.add_parser(
            "reset-factors",
            help="remove all second factors of somebody who has lost them; they get a mail",
        )
        reset.add_argument("email", help="the address of the account")
        reset.add_argument("--reason", required=True, help="kept in the history")

    def handle(self, *_args: Any, **options: Any) -> None:
        person = person_by_email(options["email"])
        if person is None:
            raise CommandError(f"Nobody has an account with {options['email']}.")
        try:
            if options["command"] == "reset-factors":
                factors_reset(actor=ACTOR, person_id=person.id, reason=options["reason"])
                done = f"{person.email} has no second factor any more."
            else:
                person_unlock(actor=ACTOR, person_id=person.id)
                done = f"{person.email} can sign in again."
        except PlatformError as error:
            raise CommandError(str(error.detail)) from error
        self.stdout.write(done)
