"""`manage.py permissions`: what can be held, and what roles and keys hold that no app declares any more."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.common.access import Permission, of_system_role, permissions
from apps.common.database import system_connection
from apps.roles.services import SYSTEM_ROLES
from apps.roles.unknown import unknown_codes
from apps.tenants.selectors import tenant_by_slug


class Command(BaseCommand):
    help = "Lists the permissions, and those that roles and API keys hold and that are gone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        listed = commands.add_parser("list", help="every permission that an app declares")
        listed.add_argument("--app", help="of one app")
        unknown = commands.add_parser(
            "unknown", help="codes that roles and keys hold and no app declares (any more)"
        )
        unknown.add_argument("--tenant", metavar="SLUG", help="in one tenant")
        for command in (listed, unknown):
            command.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["command"] == "list":
            self._list(options["app"], as_json=options["json"])
        else:
            self._unknown(options["tenant"], as_json=options["json"])

    def _list(self, app: str | None, *, as_json: bool) -> None:
        found = [one for one in permissions().values() if app in (None, one.app)]
        if app is not None and not found:
            raise CommandError(f"No app {app} declares permissions.")
        if as_json:
            self.stdout.write(json.dumps([_facts(one) for one in found], indent=2))
            return
        width = max(len(one.code) for one in found)
        for one in found:
            facts = _facts(one)
            marks = [mark for mark in ("dangerous", "scoped", "read_only") if facts[mark]]
            marks += [f"implies {', '.join(one.implies)}"] if one.implies else []
            self.stdout.write(
                f"{one.code:<{width}}  {', '.join(facts['system_roles'])}"
                + (f"  ({'; '.join(marks)})" if marks else "")
            )

    def _unknown(self, slug: str | None, *, as_json: bool) -> None:
        with system_connection():
            if slug is not None and tenant_by_slug(slug) is None:
                raise CommandError(f"There is no tenant {slug}.")
            found = list(unknown_codes(slug))
        if as_json:
            rows = [{**asdict(one), "id": str(one.id)} for one in found]
            self.stdout.write(json.dumps(rows, indent=2))
            return
        for one in found:
            kind = one.kind.replace("_", " ")
            self.stdout.write(f"{one.tenant:<30}  {kind:<7}  {one.name:<40}  {one.code}")
        if not found:
            self.stdout.write("Every role and key holds declared permissions only.")


def _facts(one: Permission) -> dict[str, Any]:
    return {
        "code": one.code,
        "app": one.app,
        "label": str(one.label),
        "description": str(one.description),
        "scoped": one.scoped,
        "dangerous": one.dangerous,
        "read_only": one.is_read_only,
        "for_keys": one.for_keys,
        "implies": list(one.implies),
        "system_roles": [role for role in SYSTEM_ROLES if one.code in of_system_role(role)],
    }
