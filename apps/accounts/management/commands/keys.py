"""`manage.py keys`: the keys that sign access tokens."""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.enums import SigningKeyState
from apps.accounts.models import SigningKey
from apps.accounts.signing_keys import signing_key_revoke, signing_key_rotate, signing_keys
from apps.common.actors import Actor
from apps.common.errors import PlatformError

ACTOR = Actor.system("command")


class Command(BaseCommand):
    help = "Shows, rotates and revokes the keys that sign access tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        listing = commands.add_parser("list", help="every key, the latest first")
        rotate = commands.add_parser(
            "rotate", help="publish the next key; it signs an hour later, when verifiers know it"
        )
        rotate.add_argument("--now", action="store_true", help="let it sign at once")
        revoke = commands.add_parser(
            "revoke", help="refuse what a key signed, because others may have it"
        )
        revoke.add_argument("kid", help="the key's id, as `keys list` shows it")
        revoke.add_argument("--reason", required=True, help="kept with the event")
        for command in (listing, rotate, revoke):
            command.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            if options["command"] == "rotate":
                shown = [signing_key_rotate(actor=ACTOR, at_once=options["now"])]
            elif options["command"] == "revoke":
                key = signing_key_revoke(actor=ACTOR, kid=options["kid"], reason=options["reason"])
                shown = [key]
            else:
                shown = list(signing_keys())
        except PlatformError as error:
            detail = (
                "There is no such key. See `manage.py keys list`."
                if error.status == 404
                else error.detail
            )
            raise CommandError(str(detail)) from error
        if options["json"]:
            self.stdout.write(json.dumps([facts(key) for key in shown], indent=2))
            return
        for key in shown:
            self.stdout.write(line(key))
        if not shown:
            self.stdout.write("No key yet. The first sign-in by API makes one.")


def facts(key: SigningKey) -> dict[str, str | None]:
    return {
        "kid": key.kid,
        "state": key.state,
        "signs_from": iso(key.signs_from),
        "signs_until": iso(key.retired_at),
        "verifies_until": iso(key.revoked_at or key.verifies_until),
    }


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def line(key: SigningKey) -> str:
    found = facts(key)
    says = {
        SigningKeyState.NEXT: f"signs from {found['signs_from']}",
        SigningKeyState.SIGNING: f"since {found['signs_from']}"
        + (f" until {found['signs_until']}" if key.retired_at else ""),
        SigningKeyState.VERIFYING: f"until {found['verifies_until']}",
        SigningKeyState.RETIRED: f"since {found['verifies_until']}",
        SigningKeyState.REVOKED: f"at {found['verifies_until']}",
    }
    return f"{key.kid}  {key.state:<10} {says[key.state]}"
