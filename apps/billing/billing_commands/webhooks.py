"""webhooks list, show, replay, discard, endpoint."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet

from apps.billing.billing_commands.base import ACTOR, Subcommand
from apps.billing.endpoints import stripe_endpoint_set
from apps.billing.enums import StripeEventState
from apps.billing.inbox import operating
from apps.billing.models import StripeEvent

STATES = tuple(StripeEventState.values)


class Webhooks(Subcommand):
    name = "webhooks"
    help = "the inbox of Stripe's events: list, show, replay, discard; and where Stripe delivers to"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(
            dest="act", required=True, metavar="list|show|replay|discard|endpoint"
        )
        listed = acts.add_parser("list", help="the newest events, and how many wait and failed")
        listed.add_argument("--limit", type=int, default=50, help="at most so many; 50")
        show = acts.add_parser("show", help="one event with its error and payload")
        replay = acts.add_parser(
            "replay", help="the effects once more, of one event or of all that failed"
        )
        discard = acts.add_parser("discard", help="give an event up for good")
        for act in (listed, replay):
            act.add_argument("--type", help="only of this type, such as invoice.paid")
            act.add_argument("--customer", help="only of this customer of Stripe")
        listed.add_argument("--state", choices=STATES, help="only in this state")
        replay.add_argument("event", nargs="?", help="Stripe's id of the event")
        replay.add_argument("--failed", action="store_true", help="all that failed")
        for act in (show, discard):
            act.add_argument("event", help="Stripe's id of the event")
        discard.add_argument("--reason", required=True, help="kept with the event")
        endpoint = acts.add_parser(
            "endpoint", help="make or update the endpoint at Stripe; shows the secret of a new one"
        )
        endpoint.add_argument(
            "--url", default="", help="the public site's /hooks/stripe/ by default"
        )
        for act in acts.choices.values():
            act.add_argument("--json", action="store_true", help="machine-readable output")

    def run(self, options: dict[str, Any]) -> None:
        getattr(self, f"_{options['act']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        found = self._chosen(options)
        if options["state"]:
            found = found.filter(state=options["state"])
        events, figures = list(found[: max(options["limit"], 0)]), operating.inbox_figures(ACTOR)
        if options["json"]:
            counts = {
                **figures,
                "oldest_pending_at": _time(figures["oldest_pending_at"]),
            }
            self.print_json({"counts": counts, "events": [facts(event) for event in events]})
            return
        for event in events:
            self.stdout.write(
                f"{event.received_at:%Y-%m-%d %H:%M:%S}  {event.state:<9}  {event.stripe_id:<30}  "
                f"{event.type:<36}  {event.customer_id}".rstrip()
            )
        oldest = figures["oldest_pending_at"]
        since = f", the oldest since {oldest:%Y-%m-%d %H:%M:%S}" if oldest else ""
        self.stdout.write(f"{figures['pending']} pending{since}. {figures['dead']} failed.")

    def _show(self, options: dict[str, Any]) -> None:
        event = operating.stripe_event_for(ACTOR, options["event"])
        found = {**facts(event), "last_error": event.last_error, "payload": event.body}
        if options["json"]:
            self.print_json(found)
            return
        for name, value in found.items():
            if name != "payload":
                self.stdout.write(f"{name:<16} {'-' if value in (None, '') else value}")
        self.print_json(event.body)

    def _replay(self, options: dict[str, Any]) -> None:
        if bool(options["event"]) == options["failed"]:
            raise CommandError("Which? Name an event, or --failed.")
        if options["event"]:
            if options["type"] or options["customer"]:
                raise CommandError("--type and --customer go with --failed.")
            event = operating.stripe_event_for(ACTOR, options["event"])
            operating.stripe_event_replay(actor=ACTOR, event_id=event.id)
            count = 1
        else:
            count = operating.stripe_events_replay(actor=ACTOR, events=self._chosen(options))
        if options["json"]:
            self.print_json({"replayed": count})
        else:
            self.stdout.write(f"{count} replayed: worked on within seconds, by a worker.")

    def _discard(self, options: dict[str, Any]) -> None:
        event = operating.stripe_event_for(ACTOR, options["event"])
        operating.stripe_event_discard(actor=ACTOR, event_id=event.id, reason=options["reason"])
        if options["json"]:
            self.print_json({"discarded": event.stripe_id})
        else:
            self.stdout.write(f"{event.stripe_id} is discarded.")

    def _endpoint(self, options: dict[str, Any]) -> None:
        made = stripe_endpoint_set(actor=ACTOR, url=options["url"])
        if options["json"]:
            shown = {"id": made.stripe_id, "url": made.url, "api_version": made.version}
            self.print_json({**shown, "is_new": made.is_new, "secret": made.secret or None})
            return
        self.stdout.write(f"{made.stripe_id} {'made' if made.is_new else 'updated'}: {made.url}")
        if made.secret:
            self.stdout.write(
                f"Its secret, shown this once, for STRIPE_WEBHOOK_SECRET: {made.secret}"
            )

    def _chosen(self, options: dict[str, Any]) -> QuerySet[StripeEvent]:
        found = operating.stripe_events_for(ACTOR)
        if options["type"]:
            found = found.filter(type=options["type"])
        if options["customer"]:
            found = found.filter(customer_id=options["customer"])
        return found


def facts(event: StripeEvent) -> dict[str, Any]:
    return {
        "id": event.stripe_id,
        "type": event.type,
        "state": str(event.state),
        "customer": event.customer_id,
        "object": event.object_id,
        "api_version": event.api_version,
        "is_live": event.is_live,
        "occurred_at": _time(event.occurred_at),
        "received_at": _time(event.received_at),
        "processed_at": _time(event.processed_at),
        "attempts": event.attempts,
        "next_attempt_at": _time(event.next_attempt_at) if event.state == "pending" else None,
        "note": event.note,
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


COMMANDS: tuple[type[Subcommand], ...] = (Webhooks,)
