"""`manage.py accounts`: what operators do for a person."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.factors import factors_reset
from apps.accounts.models import Person
from apps.accounts.selectors import person_by_email
from apps.accounts.services import person_unlock
from apps.accounts.session_end import sign_ins_end_all
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
        sign_out = commands.add_parser(
            "sign-out", help="end all sign-ins of somebody, in browsers and by API"
        )
        sign_out.add_argument("email", help="the address of the account")
        sign_out.add_argument("--reason", default="", help="why, for the history")
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
            said = ACTIONS[options["command"]](person, options)
        except PlatformError as error:
            raise CommandError(str(error.detail)) from error
        self.stdout.write(said)


def _unlock(person: Person, _options: dict[str, Any]) -> str:
    person_unlock(actor=ACTOR, person_id=person.id)
    return f"{person.email} can sign in again."


def _sign_out(person: Person, options: dict[str, Any]) -> str:
    count = sign_ins_end_all(actor=ACTOR, person_id=person.id, note=options["reason"])
    return f"{person.email} is signed out everywhere: {count} sign-ins ended."


def _reset_factors(person: Person, options: dict[str, Any]) -> str:
    factors_reset(actor=ACTOR, person_id=person.id, reason=options["reason"])
    return f"{person.email} has no second factor any more."


ACTIONS = {"unlock": _unlock, "sign-out": _sign_out, "reset-factors": _reset_factors}
