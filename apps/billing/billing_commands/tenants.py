"""What tenants have."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError

from apps.billing.billing_commands.base import ACTOR, Subcommand
from apps.billing.models import AddOn
from apps.billing.selectors import plan_of, version_of
from apps.billing.services import (
    add_on_set,
    override_set,
    override_withdraw,
    plan_assign,
    plan_assign_missing,
)
from apps.common.entitlements import Granted, Standing, standings
from apps.common.tenancy import tenant_context
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug

VALUES = {"on": 1, "off": 0, "unlimited": None}


class Entitlements(Subcommand):
    name = "entitlements"
    help = "what a tenant has, and has used"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("--json", action="store_true", help="for programs")

    def run(self, options: dict[str, Any]) -> None:
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


class Assign(Subcommand):
    name = "assign"
    help = "give a tenant a plan, or add-ons"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("tenant", nargs="?", help="the tenant's slug")
        parser.add_argument("plan", help="the code of a plan, or with --quantity of an add-on")
        parser.add_argument(
            "--missing", action="store_true", help="instead of one: all tenants that have no plan"
        )
        parser.add_argument("--comp", action="store_true", help="free of charge")
        parser.add_argument("--quantity", type=int, help="how many of an add-on; 0: none")
        parser.add_argument("--reason", default="", help="kept in the history")

    def run(self, options: dict[str, Any]) -> None:
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


class Override(Subcommand):
    name = "override"
    help = "let a tenant have something else"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("code", help="of the entitlement, as organizations.seats")
        parser.add_argument(
            "value", nargs="?", help="a number, on, off or unlimited; left out: as the plan says"
        )
        parser.add_argument("--soft", action="store_true", help="let more through, and note it")
        parser.add_argument("--until", help="the last day that it holds (UTC), as 2027-01-31")
        parser.add_argument("--reason", required=True, help="kept in the history")

    def run(self, options: dict[str, Any]) -> None:
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


COMMANDS = (Entitlements, Assign, Override)


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
