import json
import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.selectors import person_by_email
from apps.common.actors import Actor
from apps.common.errors import PlatformError
from apps.tenants import services
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from apps.tenants.provisioning import progress, provision
from apps.tenants.selectors import tenant_by_slug

ACTOR = Actor.system("command")
SETTLED = (TenantStatus.READY, TenantStatus.FAILED)


class Command(BaseCommand):
    help = "The life cycle of tenants: create, list, show, suspend, resume, retry, delete."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

        create = commands.add_parser("create", help="ask for a workspace; a worker provisions it")
        create.add_argument("slug")
        create.add_argument("--name", required=True)
        create.add_argument("--owner-email", required=True, help="of a person who has an account")
        create.add_argument("--domain", default="", help="own domain, besides the subdomain")
        create.add_argument(
            "--wait", action="store_true", help="provision here and now instead of in a worker"
        )

        listing = commands.add_parser("list", help="every tenant with its state")
        listing.add_argument("--status", choices=TenantStatus.values)

        show = commands.add_parser("show", help="one tenant with its progress and history")
        show.add_argument("slug")

        suspend = commands.add_parser("suspend", help="close a workspace; its data stays")
        suspend.add_argument("slug")
        suspend.add_argument("--reason", required=True)

        resume = commands.add_parser(
            "resume", help="open a suspended workspace, or call its deletion off"
        )
        resume.add_argument("slug")
        resume.add_argument("--reason", default="")

        retry = commands.add_parser("retry", help="provision a failed workspace again")
        retry.add_argument("slug")

        delete = commands.add_parser("delete", help="close now, delete after the grace period")
        delete.add_argument("slug")
        delete.add_argument("--reason", default="")
        delete.add_argument("--grace-days", type=int, help="0: at the next sweep")
        delete.add_argument("--yes", action="store_true", help="do not ask for the name")
        delete.add_argument("--dry-run", action="store_true", help="say what would happen")

        for command in commands.choices.values():
            command.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['command']}")(options)
        except PlatformError as error:
            raise CommandError(str(error)) from error

    def _create(self, options: dict[str, Any]) -> None:
        owner = person_by_email(options["owner_email"])
        if owner is None:
            raise CommandError(
                f"Nobody has an account with {options['owner_email']}. They sign up first."
            )
        tenant = services.tenant_create(
            actor=ACTOR,
            name=options["name"],
            slug=options["slug"],
            owner_person_id=owner.id,
            domain=options["domain"],
        )
        if options["wait"]:
            self._settle(tenant)
        self._print(tenant, options)
        if tenant.status == TenantStatus.FAILED:
            raise CommandError(f"Provisioning failed: {tenant.status_reason}")

    def _settle(self, tenant: Tenant) -> None:
        """Provision here; a worker may take it at the same time, so wait for whoever is first."""
        while tenant.status not in SETTLED:
            provision(tenant.id)
            tenant.refresh_from_db()
            if tenant.status not in SETTLED:
                time.sleep(0.2)

    def _list(self, options: dict[str, Any]) -> None:
        tenants = Tenant.objects.order_by("slug")
        if options["status"]:
            tenants = tenants.filter(status=options["status"])
        if options["json"]:
            self.stdout.write(json.dumps([_facts(t) for t in tenants.iterator()], indent=2))
            return
        for tenant in tenants.iterator():
            self.stdout.write(f"{tenant.slug:<40} {tenant.status:<13} {tenant.name}")

    def _show(self, options: dict[str, Any]) -> None:
        self._print(self._tenant(options), options, history=True)

    def _suspend(self, options: dict[str, Any]) -> None:
        tenant = self._tenant(options)
        self._print(
            services.tenant_suspend(actor=ACTOR, tenant_id=tenant.id, reason=options["reason"]),
            options,
        )

    def _resume(self, options: dict[str, Any]) -> None:
        tenant = self._tenant(options)
        self._print(
            services.tenant_resume(actor=ACTOR, tenant_id=tenant.id, reason=options["reason"]),
            options,
        )

    def _retry(self, options: dict[str, Any]) -> None:
        tenant = self._tenant(options)
        self._print(services.tenant_retry(actor=ACTOR, tenant_id=tenant.id), options)

    def _delete(self, options: dict[str, Any]) -> None:
        tenant = self._tenant(options)
        if options["dry_run"]:
            self.stdout.write(
                f"{tenant.slug} would be closed now; after the grace period its schema "
                f"{tenant.schema_name}, its domains and its memberships "
                f"({tenant.memberships.count()}) would be deleted."
            )
            return
        if not options["yes"] and input(f"Type {tenant.slug} to delete it: ") != tenant.slug:
            raise CommandError("Not deleted: the name did not match.")
        deleted = services.tenant_delete(
            actor=ACTOR,
            tenant_id=tenant.id,
            reason=options["reason"],
            grace_days=options["grace_days"],
        )
        self._print(deleted, options)

    def _tenant(self, options: dict[str, Any]) -> Tenant:
        tenant = tenant_by_slug(options["slug"])
        if tenant is None:
            raise CommandError(f"There is no tenant {options['slug']}.")
        return tenant

    def _print(self, tenant: Tenant, options: dict[str, Any], *, history: bool = False) -> None:
        facts = _facts(tenant)
        if history:
            facts["steps"] = dict(progress(tenant).steps)
            facts["attempts"] = tenant.attempts
            facts["next_attempt_at"] = _time(tenant.next_attempt_at)
            facts["last_error"] = tenant.last_error
            facts["history"] = [
                {"at": e.created_at.isoformat(), "what": str(e), "by": e.actor, "reason": e.reason}
                for e in tenant.history.all()
            ]
        if options["json"]:
            self.stdout.write(json.dumps(facts, indent=2))
            return
        for name, value in facts.items():
            if name == "history":
                self.stdout.write("history")
                for entry in value:
                    self.stdout.write("  {at}  {what}  by {by}  {reason}".format(**entry))
            elif name == "steps":
                done = ", ".join(f"{label} ({state})" for label, state in value.items())
                self.stdout.write(f"{name:<16} {done}")
            else:
                self.stdout.write(f"{name:<16} {'-' if value in (None, '') else value}")


def _facts(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": str(tenant.id),
        "slug": tenant.slug,
        "name": tenant.name,
        "status": tenant.status,
        "reason": tenant.status_reason,
        "url": tenant.url(),
        "schema": tenant.schema_name,
        "created_at": _time(tenant.created_at),
        "ready_at": _time(tenant.ready_at),
        "delete_after": _time(tenant.delete_after),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
