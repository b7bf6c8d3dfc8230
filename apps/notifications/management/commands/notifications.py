"""`manage.py notifications`: what is sent, what became of one, and going on after an outage."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count

from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.errors import NotFound
from apps.common.ids import parse_uuid
from apps.common.tenancy import tenant_context
from apps.notifications.models import Delivery, Digest, InboxItem
from apps.notifications.selectors_log import LogFilter, deliveries_for, notification_for
from apps.notifications.selectors_work import sending_due, unfinished, waiting_now
from apps.notifications.tasks import resume_handing_out, resume_sending
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug, tenant_ids_ready

OPERATOR = Actor.system("operator")


class Command(BaseCommand):
    help = "Shows what people are told, and why or why not; goes on with what waits."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        stats = commands.add_parser("stats", help="how many, by channel, state and reason")
        stats.add_argument("slug")
        stats.add_argument("--json", action="store_true", help="for programs")
        trace = commands.add_parser("trace", help="to whom a notification went, and why or why not")
        trace.add_argument("slug")
        trace.add_argument("id", help="of the notification")
        trace.add_argument("--json", action="store_true", help="for programs")
        resume = commands.add_parser(
            "resume", help="queue what waits at once, without waiting for the next sweep"
        )
        resume.add_argument("slug", nargs="?", help="of one workspace; else all")

    @system_connection()
    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self, options["command"])(options)

    def stats(self, options: dict[str, Any]) -> None:
        with tenant_context(_tenant(options["slug"])):
            due = sending_due()
            found: dict[str, Any] = {
                "unfinished": len(unfinished()),
                "waiting": waiting_now(),
                "next_due_at": due and due.isoformat(timespec="seconds"),
                "deliveries": _counts(Delivery, "channel", "state", "reason"),
                "digests": _counts(Digest, "channel", "state"),
            }
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
            return
        waiting = ", ".join(f"{count} by {name}" for name, count in found["waiting"].items())
        self.stdout.write(
            f"Not handed out: {found['unfinished']}. Due now: {waiting or 'nothing'}."
        )
        self.stdout.write(f"Next due: {found['next_due_at'] or 'nothing waits'}.")
        for name in ("deliveries", "digests"):
            for one in found[name]:
                what = " ".join(f"{one[key]:<12}" for key in one if key != "count")
                self.stdout.write(f"{name:<10} {what} {one['count']:>8}")

    def trace(self, options: dict[str, Any]) -> None:
        with tenant_context(_tenant(options["slug"])):
            notification_id = parse_uuid(options["id"])
            if notification_id is None:
                raise CommandError("This is no id.")
            try:
                notification = notification_for(OPERATOR, notification_id)
            except NotFound as error:
                raise CommandError("There is no such notification.") from error
            items = InboxItem.objects.filter(notification=notification).select_related("member")
            rows = deliveries_for(OPERATOR, LogFilter(), notification_id).order_by("id")
            found: dict[str, Any] = {
                "type": notification.kind,
                "event_id": str(notification.event_id),
                "at": notification.created_at.isoformat(timespec="seconds"),
                "told": notification.member_count,
                "is_handed_out": notification.handed_out_at is not None,
                "inboxes": [one.member.email for one in items.order_by("id")],
                "deliveries": [_delivery(one) for one in rows],
            }
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
            return
        end = "told" if found["is_handed_out"] else "told so far"
        self.stdout.write(f"{found['type']} of {found['at']}: {found['told']} {end}")
        for email in found["inboxes"]:
            self.stdout.write(f"{email:<32} inbox")
        for one in found["deliveries"]:
            self.stdout.write(
                f"{one['to']:<32} {one['channel']:<8} {one['state']:<10} {one['reason']:<14} "
                f"{one['sent_at'] or one['due_at']}  {one['error']}".rstrip()
            )

    def resume(self, options: dict[str, Any]) -> None:
        slug = options["slug"]
        ids = [_tenant(slug).id] if slug else tenant_ids_ready()
        for tenant_id in ids:
            resume_handing_out.delay(tenant_id=str(tenant_id))
            resume_sending.delay(tenant_id=str(tenant_id))
        self.stdout.write(f"{len(ids)} workspace{'' if len(ids) == 1 else 's'} queued.")


def _tenant(slug: str) -> Tenant:
    found = tenant_by_slug(slug)
    if found is None:
        raise CommandError(f"There is no tenant {slug}.")
    return found


def _counts(model: type[Delivery | Digest], *columns: str) -> list[dict[str, Any]]:
    return list(model.objects.values(*columns).order_by(*columns).annotate(count=Count("id")))


def _delivery(one: Delivery) -> dict[str, Any]:
    carrier = one.carrier
    return {
        "id": str(one.id),
        "to": one.member.email if one.member else "webhook",
        "channel": one.channel,
        "state": one.shown_state,
        "reason": one.reason,
        "digest_id": one.digest_id and str(one.digest_id),
        "due_at": carrier.due_at.isoformat(timespec="seconds"),
        "sent_at": carrier.sent_at and carrier.sent_at.isoformat(timespec="seconds"),
        "error": carrier.error,
    }
