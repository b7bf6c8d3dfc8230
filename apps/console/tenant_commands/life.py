"""create, list, show, suspend, resume, retry, delete."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction

from apps.accounts.selectors import person_by_email
from apps.billing.selectors import version_of
from apps.billing.services import plan_assign
from apps.console.tenant_commands.base import ACTOR, Subcommand, facts
from apps.tenants import services
from apps.tenants.enums import TenantStatus
from apps.tenants.models import Tenant
from apps.tenants.provisioning import provision
from apps.tenants.purging import purge_preview

SETTLED = (TenantStatus.READY, TenantStatus.FAILED)


class Create(Subcommand):
    name = "create"
    help = "ask for a workspace; a worker provisions it"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", required=True)
        parser.add_argument("--owner-email", required=True, help="of a person who has an account")
        parser.add_argument("--domain", default="", help="own domain, besides the subdomain")
        parser.add_argument("--plan", default="", help="code of a plan; else what new tenants get")
        parser.add_argument(
            "--wait", action="store_true", help="provision here and now instead of in a worker"
        )

    def run(self, options: dict[str, Any]) -> None:
        owner = person_by_email(options["owner_email"])
        if owner is None:
            raise CommandError(
                f"Nobody has an account with {options['owner_email']}. They sign up first."
            )
        version = version_of(options["plan"]) if options["plan"] else None
        with transaction.atomic():
            tenant = services.tenant_create(
                actor=ACTOR,
                name=options["name"],
                slug=options["slug"],
                owner_person_id=owner.id,
                domain=options["domain"],
            )
            if version is not None:
                plan_assign(actor=ACTOR, tenant_id=tenant.id, plan_version_id=version.id)
        if options["wait"]:
            settle(tenant)
        self.print_tenant(tenant, options)
        if tenant.status == TenantStatus.FAILED:
            raise CommandError(f"Provisioning failed: {tenant.status_reason}")


def settle(tenant: Tenant) -> None:
    """Provision here; a worker may take it at the same time, so wait for whoever is first."""
    while tenant.status not in SETTLED:
        provision(tenant.id)
        tenant.refresh_from_db()
        if tenant.status not in SETTLED:
            time.sleep(0.2)


class List(Subcommand):
    name = "list"
    help = "every tenant with its state"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--status", choices=TenantStatus.values)

    def run(self, options: dict[str, Any]) -> None:
        tenants = Tenant.objects.order_by("slug")
        if options["status"]:
            tenants = tenants.filter(status=options["status"])
        if options["json"]:
            self.print_json([facts(t) for t in tenants.iterator()])
            return
        for tenant in tenants.iterator():
            self.stdout.write(f"{tenant.slug:<40} {tenant.status:<13} {tenant.name}")


class Show(Subcommand):
    name = "show"
    help = "one tenant with its progress and history"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("slug")

    def run(self, options: dict[str, Any]) -> None:
        self.print_tenant(self.tenant(options), options, history=True)


class Suspend(Subcommand):
    name = "suspend"
    help = "close a workspace; its data stays"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--reason", required=True)

    def run(self, options: dict[str, Any]) -> None:
        tenant = services.tenant_suspend(
            actor=ACTOR, tenant_id=self.tenant(options).id, reason=options["reason"]
        )
        self.print_tenant(tenant, options)


class Resume(Subcommand):
    name = "resume"
    help = "open a suspended workspace, or call its deletion off"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--reason", default="")

    def run(self, options: dict[str, Any]) -> None:
        tenant = services.tenant_resume(
            actor=ACTOR, tenant_id=self.tenant(options).id, reason=options["reason"]
        )
        self.print_tenant(tenant, options)


class Retry(Subcommand):
    name = "retry"
    help = "provision a failed workspace again"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("slug")

    def run(self, options: dict[str, Any]) -> None:
        tenant = services.tenant_retry(actor=ACTOR, tenant_id=self.tenant(options).id)
        self.print_tenant(tenant, options)


class Delete(Subcommand):
    name = "delete"
    help = "close now, delete after the grace period"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--reason", default="")
        parser.add_argument("--grace-days", type=int, help="0: at the next sweep")
        parser.add_argument("--yes", action="store_true", help="do not ask for the name")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen")

    def run(self, options: dict[str, Any]) -> None:
        tenant = self.tenant(options)
        if options["dry_run"]:
            self._preview(tenant, options)
            return
        if not options["yes"] and input(f"Type {tenant.slug} to delete it: ") != tenant.slug:
            raise CommandError("Not deleted: the name did not match.")
        deleted = services.tenant_delete(
            actor=ACTOR,
            tenant_id=tenant.id,
            reason=options["reason"],
            grace_days=options["grace_days"],
        )
        self.print_tenant(deleted, options)

    def _preview(self, tenant: Tenant, options: dict[str, Any]) -> None:
        """Everything that would go, counted now. Nothing is changed."""
        days = options["grace_days"]
        days = settings.TENANT_DELETE_GRACE_DAYS if days is None else days
        found = {"slug": tenant.slug, "grace_days": days, **purge_preview(tenant)}
        if options["json"]:
            self.print_json(found)
            return
        when = f"after {days} days" if days else "at the next sweep"
        self.stdout.write(
            f"{tenant.slug} would be closed now. These would be deleted for good {when}:"
        )
        tables = found.pop("tables")
        for name, value in list(found.items())[2:]:
            shown = ", ".join(value) if isinstance(value, list) else value
            self.stdout.write(f"  {name.replace('_', ' '):<40} {'-' if shown is None else shown}")
        for name, rows in tables.items():
            self.stdout.write(f"  rows of {name:<32} {rows}")
        self.stdout.write("People keep their accounts.")


class Canary(Subcommand):
    name = "canary"
    help = "migrate a workspace before the others at a release, or with them again"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("mode", choices=["on", "off"])

    def run(self, options: dict[str, Any]) -> None:
        tenant = services.tenant_mark_canary(
            actor=ACTOR, tenant_id=self.tenant(options).id, is_canary=options["mode"] == "on"
        )
        self.print_tenant(tenant, options)


COMMANDS: tuple[type[Subcommand], ...] = (
    Create,
    List,
    Show,
    Suspend,
    Resume,
    Retry,
    Delete,
    Canary,
)
