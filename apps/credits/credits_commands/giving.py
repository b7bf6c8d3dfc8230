"""grant, balance and expire: what operators do by hand."""

from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Sum

from apps.billing.billing_commands.base import ACTOR, Subcommand
from apps.common.ids import uuid7
from apps.common.tenancy import tenant_context
from apps.credits.amounts import MAX_MICROCREDITS, MICROCREDITS
from apps.credits.credits_commands.tenants import add_choice, chosen, tenant_named
from apps.credits.enums import AccountKind, GrantSource, HoldState
from apps.credits.models import Hold
from apps.credits.selectors import accounts_for
from apps.credits.services import grant_create
from apps.credits.upkeep import expire


class Grant(Subcommand):
    name = "grant"
    help = "give a tenant credits"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("credits", help="how many, as 100 or 12.5")
        parser.add_argument("--reason", required=True, help="what the tenant sees that it is for")
        parser.add_argument(
            "--expires", help="the last day that they are good (UTC), as 2027-01-31"
        )
        parser.add_argument("--reference", help="given once by it; a new one unless given")

    def run(self, options: dict[str, Any]) -> None:
        tenant = tenant_named(options["tenant"])
        amount = _microcredits(options["credits"])
        with tenant_context(tenant):
            made = grant_create(
                actor=ACTOR,
                source=GrantSource.PROMOTION,
                amount_microcredits=amount,
                reference=options["reference"] or f"command:{uuid7()}",
                description=options["reason"][:200],
                expires_at=_end_of(options["expires"]),
            )
        until = f", until {options['expires']}" if options["expires"] else ""
        self.stdout.write(
            f"{tenant.slug} has {_credits(made.amount_microcredits)} credits more{until}."
        )


class Balance(Subcommand):
    name = "balance"
    help = "what a tenant has: its wallet, its budgets, and what is held"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def run(self, options: dict[str, Any]) -> None:
        with tenant_context(tenant_named(options["tenant"])):
            accounts = list(accounts_for(ACTOR).order_by("id"))
            open_ = Hold.objects.filter(state=HoldState.OPEN)
            sums = open_.aggregate(
                amount=Sum("amount_microcredits"),
                captured=Sum("captured_microcredits"),
                released=Sum("released_microcredits"),
            )
        held = (sums["amount"] or 0) - (sums["captured"] or 0) - (sums["released"] or 0)
        rows: list[dict[str, Any]] = [
            {
                "account": str(one.organization_id or AccountKind.WALLET.value),
                "balance_microcredits": one.balance_microcredits,
                "is_frozen": one.frozen_at is not None,
            }
            for one in accounts
        ]
        if options["json"]:
            self.print_json({"accounts": rows, "held_microcredits": held})
            return
        for row in rows:
            frozen = "  frozen" if row["is_frozen"] else ""
            self.stdout.write(
                f"{row['account']:<36} {_credits(row['balance_microcredits']):>20}{frozen}"
            )
        self.stdout.write(f"{'held':<36} {_credits(held):>20}")


class Expire(Subcommand):
    name = "expire"
    help = "end holds and grants whose time is over, as a schedule does each minute"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        add_choice(parser)

    def run(self, options: dict[str, Any]) -> None:
        for tenant in chosen(options):
            with tenant_context(tenant):
                holds, grants = expire()
            if holds or grants or options["tenant"]:
                self.stdout.write(f"{tenant.slug}: {holds} holds and {grants} grants are over.")


COMMANDS = (Grant, Balance, Expire)


def _microcredits(text: str) -> int:
    """Exactly, or not at all."""
    try:
        amount = Decimal(text) * MICROCREDITS
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or not 1 <= amount <= MAX_MICROCREDITS or amount % 1:
        raise CommandError(
            f"Give a number of credits above 0, with at most six decimals: not {text!r}."
        )
    return int(amount)


def _credits(amount: int) -> str:
    """As 1,234.5: no more decimals than it has."""
    whole, rest = divmod(amount, MICROCREDITS)
    decimals = f".{rest:06d}".rstrip("0") if rest else ""
    return f"{whole:,}{decimals}"


def _end_of(day: str | None) -> datetime | None:
    if day is None:
        return None
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
    except ValueError as error:
        raise CommandError(f"Give the day as 2027-01-31: not {day!r}.") from error
