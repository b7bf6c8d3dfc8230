"""maintenance: close a workspace for a while, and open it again."""

from argparse import ArgumentParser
from typing import Any

from apps.console.tenant_commands.base import ACTOR, Subcommand
from apps.tenants import services


class Maintenance(Subcommand):
    name = "maintenance"
    help = "close a workspace for a while (503 with a message), or open it again"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("mode", choices=["on", "off"])
        parser.add_argument("--message", default="", help="shown to people")
        parser.add_argument("--minutes", type=int, help="how long it is expected to take")

    def run(self, options: dict[str, Any]) -> None:
        tenant_id = self.tenant(options).id
        if options["mode"] == "on":
            tenant = services.maintenance_start(
                actor=ACTOR,
                tenant_id=tenant_id,
                message=options["message"],
                minutes=options["minutes"],
            )
        else:
            tenant = services.maintenance_end(actor=ACTOR, tenant_id=tenant_id)
        self.print_tenant(tenant, options)


class ClearCaches(Subcommand):
    name = "clear-caches"
    help = "read what is kept of a workspace from the database again"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--namespace", default="", help="one only, such as tenants.hosts")

    def run(self, options: dict[str, Any]) -> None:
        cleared = services.caches_clear(
            actor=ACTOR, tenant_id=self.tenant(options).id, namespace=options["namespace"]
        )
        if options["json"]:
            self.print_json(cleared)
        else:
            self.stdout.write(f"Cleared: {', '.join(cleared)}.")


COMMANDS: tuple[type[Subcommand], ...] = (Maintenance, ClearCaches)
