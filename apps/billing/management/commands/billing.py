"""`manage.py billing`: the catalogue, and what a tenant has of it."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.billing import catalogue
from apps.billing.models import AddOn
from apps.billing.selectors import add_ons_public, plan_of, version_of, versions_sold
from apps.billing.services import (
    add_on_set,
    catalogue_load,
    override_set,
    override_withdraw,
    plan_assign,
    plan_assign_missing,
)
from apps.common.actors import Actor
from apps.common.database import system_connection
from apps.common.entitlements import Granted, Standing, standings
from apps.common.errors import PlatformError
from apps.common.tenancy import tenant_context
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug

ACTOR = Actor.system("command")
VALUES = {"on": 1, "off": 0, "unlimited": None}


class Command(BaseCommand):
    help = "Plans: loads the catalogue, shows and changes what a tenant has."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        plans = commands.add_parser(
            "plans", help="what is sold, and what apps/billing/catalogue.py would change"
        )
        group = plans.add_mutually_exclusive_group()
        group.add_argument("--apply", action="store_true", help="make the database sell it")
        group.add_argument(
            "--dry-run", action="store_true", help="only show it, as without --apply"
        )
        entitled = commands.add_parser("entitlements", help="what a tenant has, and has used")
        entitled.add_argument("tenant", help="the tenant's slug")
        entitled.add_argument("--json", action="store_true", help="for programs")
        assign = commands.add_parser("assign", help="give a tenant a plan, or add-ons")
        assign.add_argument("tenant", nargs="?", help="the tenant's slug")
        assign.add_argument("plan", help="the code of a plan, or with --quantity of an add-on")
        assign.add_argument(
            "--missing", action="store_true", help="instead of one: all tenants that have no plan"
        )
        assign.add_argument("--comp", action="store_true", help="free of charge")
        assign.add_argument("--quantity", type=int, help="how many of an add-on; 0: none")
        assign.add_argument("--reason", default="", help="kept in the history")
        override = commands.add_parser("override", help="let a tenant have something else")
        override.add_argument("tenant", help="the tenant's slug")
        override.add_argument("code", help="of the entitlement, as organizations.seats")
        override.add_argument(
            "value", nargs="?", help="a number, on, off or unlimited; left out: as the plan says"
        )
        override.add_argument("--soft", action="store_true", help="let more through, and note it")
        override.add_argument("--until", help="the last day that it holds (UTC), as 2027-01-31")
        override.add_argument("--reason", required=True, help="kept in the history")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            with system_connection():
                getattr(self, f"_{options['command']}")(options)
        except PlatformError as error:
            raise CommandError(str(error.detail)) from error

    def _plans(self, options: dict[str, Any]) -> None:
        changes = catalogue_load(
            actor=ACTOR,
            plans=catalogue.PLANS,
            add_ons=catalogue.ADD_ONS,
            dry_run=not options["apply"],
        )
        for change in changes:
            self.stdout.write(f"{change.code:<20} {change.what}")
        if changes and not options["apply"]:
            self.stdout.write(f"{len(changes)} changes. Nothing is changed: give --apply for that.")
            return
        for version in versions_sold().prefetch_related("prices"):
            prices = ", ".join(str(price) for price in version.prices.all()) or "no price"
            self.stdout.write(f"{version.plan.code:<20} v{version.number:<3} {prices}")
        for add_on in add_ons_public():
            prices = ", ".join(str(price) for price in add_on.prices.all()) or "no price"
            self.stdout.write(f"{add_on.code:<20} add-on {prices}")

    def _entitlements(self, options: dict[str, Any]) -> None:
        tenant = _tenant(options["tenant"])
        plan = plan_of(tenant.id)
        with tenant_context(tenant):
            found = standings(tenant)
        if options["json"]:
            self.stdout.write(json.dumps({"plan": str(plan) if plan else None} | _as_json(found)))
            return
        self.stdout.write(f"{tenant.slug}: {plan or 'no plan, nothing is limited'}")
        for one in found:
            self.stdout.write(f"{one.entitlement.code:<32} {_words(one)}")

    def _assign(self, options: dict[str, Any]) -> None:
        if options["missing"]:
            if options["tenant"] is not None:
                raise CommandError("Name a tenant, or give --missing.")
            self._assign_missing(options["plan"])
            return
        if options["tenant"] is None:
            raise CommandError("Name a tenant, or give --missing.")
        tenant = _tenant(options["tenant"])
        if options["quantity"] is None:
            assigned = plan_assign(
                actor=ACTOR,
                tenant_id=tenant.id,
                plan_version_id=version_of(options["plan"]).id,
                is_comp=options["comp"],
                reason=options["reason"],
            )
            self.stdout.write(f"{tenant.slug} has {assigned.plan_version}.")
            return
        add_on = AddOn.objects.filter(code=options["plan"]).first()
        if add_on is None:
            raise CommandError(f"There is no add-on {options['plan']}.")
        add_on_set(
            actor=ACTOR,
            tenant_id=tenant.id,
            add_on_id=add_on.id,
            quantity=options["quantity"],
            reason=options["reason"],
        )
        self.stdout.write(f"{tenant.slug} has {options['quantity']} × {add_on}.")

    def _assign_missing(self, plan: str) -> None:
        version, total = version_of(plan), 0
        while count := plan_assign_missing(actor=ACTOR, plan_version_id=version.id):
            total += count
        self.stdout.write(f"{total} tenants had no plan, and have {version}.")

    def _override(self, options: dict[str, Any]) -> None:
        tenant, code = _tenant(options["tenant"]), options["code"]
        if options["value"] is None:
            override_withdraw(actor=ACTOR, tenant_id=tenant.id, code=code, reason=options["reason"])
            self.stdout.write(f"{tenant.slug}: {code} is as the plan says.")
            return
        override_set(
            actor=ACTOR,
            tenant_id=tenant.id,
            code=code,
            granted=Granted(_value(options["value"]), options["soft"]),
            reason=options["reason"],
            expires_at=_end_of(options["until"]),
        )
        self.stdout.write(f"{tenant.slug}: {code} is {options['value']}.")


def _tenant(slug: str) -> Tenant:
    tenant = tenant_by_slug(slug)
    if tenant is None:
        raise CommandError(f"There is no tenant {slug}.")
    return tenant


def _value(text: str) -> int | None:
    if text in VALUES:
        return VALUES[text]
    if not text.isdecimal():
        raise CommandError(f"{text} is no number from 0, nor on, off or unlimited.")
    return int(text)


def _end_of(day: str | None) -> datetime | None:
    if day is None:
        return None
    try:
        return datetime.strptime(f"{day} 23:59:59", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise CommandError(f"{day} is no day, as 2027-01-31.") from error


def _words(one: Standing) -> str:
    if one.limit is None and one.used is None:
        return "on" if one.is_included else "off"
    limit = "unlimited" if one.limit is None else f"{one.limit:,}"
    soft = " (soft)" if one.granted.is_soft else ""
    return f"{one.used or 0:,} of {limit}{soft}"


def _as_json(found: list[Standing]) -> dict[str, Any]:
    return {
        "entitlements": [
            {
                "code": one.entitlement.code,
                "kind": one.entitlement.kind,
                "value": one.granted.value,
                "is_soft": one.granted.is_soft,
                "used": one.used,
            }
            for one in found
        ]
    }
