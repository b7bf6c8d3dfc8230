"""`manage.py messaging`: how the providers do, and whom nothing is sent to."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import PlatformError
from apps.messaging import suppressions
from apps.messaging.enums import Channel
from apps.messaging.models import Suppression
from apps.messaging.operating import ProviderStatus, provider_reset, providers_status

OPERATOR = Actor.system("operator")


class Command(BaseCommand):
    help = (
        "Shows the providers of e-mail and SMS, and the list of addresses that nothing is sent to."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        providers = commands.add_parser("providers", help="state, last error, counts of an hour")
        providers.add_argument("--json", action="store_true", help="for programs")
        reset = commands.add_parser("reset", help="ask a provider again at once")
        reset.add_argument("name")
        reset.add_argument("--reason", required=True, help="kept in the audit log")
        listed = commands.add_parser("suppressions", help="addresses that nothing is sent to")
        acts = listed.add_subparsers(dest="act", required=True, metavar="ACT")
        shown = acts.add_parser("list", help="the newest, or those of one address")
        shown.add_argument("--address", default="")
        shown.add_argument("--limit", type=int, default=50)
        shown.add_argument("--json", action="store_true", help="for programs")
        for name, what in (("add", "send nothing there"), ("lift", "write to it again")):
            act = acts.add_parser(name, help=what)
            act.add_argument("address")
            act.add_argument("--channel", choices=Channel.values, default=Channel.EMAIL.value)
            act.add_argument("--reason", required=True, help="kept with it, and in the audit log")

    @system_connection()
    def handle(self, *_args: Any, **options: Any) -> None:
        name = f"{options['command']}_{options['act']}" if "act" in options else options["command"]
        try:
            getattr(self, name)(options)
        except PlatformError as error:
            raise CommandError(str(error.detail)) from error

    def providers(self, options: dict[str, Any]) -> None:
        found = providers_status(OPERATOR)
        if options["json"]:
            self.stdout.write(json.dumps([_provider(one) for one in found], indent=2))
            return
        for one in found:
            status = one.status
            line = (
                f"{one.channel:<7} {one.place}  {one.name:<9} {status.state:<9} "
                f"{status.succeeded} sent, {status.failed} failed in the last hour"
            )
            self.stdout.write(f"{line}  {status.error}".rstrip() if status.failed else line)

    def reset(self, options: dict[str, Any]) -> None:
        provider_reset(actor=OPERATOR, name=options["name"], note=options["reason"])
        self.stdout.write(f"{options['name']} is asked again.")

    def suppressions_list(self, options: dict[str, Any]) -> None:
        rows = suppressions.suppressions_for(OPERATOR, address=options["address"])
        found = [_suppression(one) for one in rows[: options["limit"]]]
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
            return
        if not found:
            self.stdout.write("No address is suppressed.")
        for one in found:
            self.stdout.write(
                f"{one['channel']:<6} {one['address']:<40} {one['reason']:<13} {one['since']}  "
                f"{one['provider'] or 'staff'}  {one['note']}".rstrip()
            )

    def suppressions_add(self, options: dict[str, Any]) -> None:
        added = suppressions.suppression_add(
            actor=OPERATOR,
            channel=Channel(options["channel"]),
            address=options["address"],
            note=options["reason"],
        )
        self.stdout.write(f"Nothing is sent to {added} any more.")

    def suppressions_lift(self, options: dict[str, Any]) -> None:
        row = (
            suppressions.suppressions_for(OPERATOR, address=options["address"])
            .filter(channel=options["channel"])
            .first()
            if options["address"].strip()
            else None
        )
        if row is None:
            raise CommandError("This address is not on the list.")
        suppressions.suppression_lift(actor=OPERATOR, suppression_id=row.id, note=options["reason"])
        self.stdout.write(f"{row} may be written to again.")


def _provider(one: ProviderStatus) -> dict[str, Any]:
    status = one.status
    return {
        "channel": one.channel,
        "place": one.place,
        "name": one.name,
        "state": status.state,
        "open_until": status.open_until and status.open_until.isoformat(),
        "error": status.error,
        "error_at": status.error_at and status.error_at.isoformat(),
        "succeeded": status.succeeded,
        "failed": status.failed,
    }


def _suppression(row: Suppression) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "channel": row.channel,
        "address": str(row),
        "reason": row.reason,
        "provider": row.provider,
        "since": row.since.isoformat(timespec="seconds"),
        "note": row.note,
    }
