"""reconcile: what is here, against what Stripe has."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from apps.billing.billing_commands.base import ACTOR, Subcommand
from apps.billing.reconciling import Finding, Report, reconcile
from apps.billing.reconciling.running import DAYS, MAX_DAYS
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug


class Reconcile(Subcommand):
    name = "reconcile"
    help = "compare with Stripe, and take over what differs; 1: something is left for a person"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only show it; 1: there is some")
        parser.add_argument("--tenant", default="", help="only this one, by its slug")
        parser.add_argument(
            "--days",
            type=int,
            default=DAYS,
            help=f"how old invoices and payments are looked at; {DAYS}",
        )
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def run(self, options: dict[str, Any]) -> None:
        if not 1 <= options["days"] <= MAX_DAYS:
            raise CommandError(f"--days: 1 to {MAX_DAYS}.")
        is_dry_run = options["dry_run"]
        report = reconcile(
            actor=ACTOR,
            tenant=_tenant(options["tenant"]) if options["tenant"] else None,
            days=options["days"],
            is_dry_run=is_dry_run,
        )
        if options["json"]:
            self._print_json(report)
        else:
            self._print(report, is_dry_run=is_dry_run)
        if left := len(report.left):
            what = "to do" if is_dry_run else "left for a person"
            raise CommandError(f"{left} {what}.")

    def _print(self, report: Report, *, is_dry_run: bool) -> None:
        for one in report.findings:
            self.stdout.write(
                f"{_state(one):<7} {one.kind:<24} {one.tenant or '-':<20} {one.object_id}  "
                f"here: {one.here}; Stripe: {one.there}"
            )
            if one.remedy:
                self.stdout.write(f"        {one.remedy}")
        for stripe_id in report.waiting:
            self.stdout.write(f"waits   {stripe_id}: its events are being worked on.")
        mended = len(report.findings) - len(report.left)
        done = "Nothing is changed." if is_dry_run else f"{mended} mended."
        self.stdout.write(f"{report.checked} customers, {len(report.findings)} differences. {done}")

    def _print_json(self, report: Report) -> None:
        findings = [
            {**asdict(one), "state": _state(one), "remedy": one.remedy} for one in report.findings
        ]
        self.print_json(
            {
                "checked": report.checked,
                "counts": report.counts,
                "findings": findings,
                "left": len(report.left),
                "waiting": report.waiting,
            }
        )


def _tenant(slug: str) -> Tenant:
    tenant = tenant_by_slug(slug)
    if tenant is None:
        raise CommandError(f"There is no tenant {slug}.")
    return tenant


def _state(one: Finding) -> str:
    if one.is_mended:
        return "mended"
    return "differs" if one.is_mendable else "person"


COMMANDS = (Reconcile,)
