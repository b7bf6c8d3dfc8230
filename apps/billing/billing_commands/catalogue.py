"""What is sold: here, and at Stripe."""

from argparse import ArgumentParser
from typing import Any

from apps.billing import catalogue
from apps.billing.billing_commands.base import ACTOR, Subcommand
from apps.billing.selectors import add_ons_public, packs_public, versions_sold
from apps.billing.services import catalogue_load, catalogue_sync


class Plans(Subcommand):
    name = "plans"
    help = "what is sold, and what apps/billing/catalogue.py would change"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--apply", action="store_true", help="make the database sell it")
        group.add_argument(
            "--dry-run", action="store_true", help="only show it, as without --apply"
        )

    def run(self, options: dict[str, Any]) -> None:
        changes = catalogue_load(
            actor=ACTOR,
            plans=catalogue.PLANS,
            add_ons=catalogue.ADD_ONS,
            packs=catalogue.PACKS,
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
        for pack in packs_public():
            prices = ", ".join(str(price) for price in pack.prices.all())
            self.stdout.write(f"{pack.code:<20} pack {prices}")


class Sync(Subcommand):
    name = "sync"
    help = "make Stripe sell what is sold here"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only show what it would do")
        parser.add_argument(
            "--unless-current",
            action="store_true",
            help="do not ask Stripe where our copies of what it sells say the same",
        )

    def run(self, options: dict[str, Any]) -> None:
        steps = catalogue_sync(
            actor=ACTOR, dry_run=options["dry_run"], unless_current=options["unless_current"]
        )
        for step in steps:
            self.stdout.write(f"{step.action:<8} {step.kind:<8} {step.what}")
        if not steps:
            self.stdout.write("Stripe sells what is sold here.")
        elif options["dry_run"]:
            self.stdout.write(
                f"{len(steps)} to do. Nothing is changed: leave --dry-run out for that."
            )


COMMANDS = (Plans, Sync)
