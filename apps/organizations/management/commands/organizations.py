import json
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.common.actors import Actor
from apps.common.errors import PlatformError
from apps.common.tenancy import tenant_context
from apps.organizations.organization_csv import (
    MAX_BYTES,
    organization_csv_lines,
    organization_csv_read,
)
from apps.organizations.selectors import organizations_for
from apps.organizations.selectors_tree import organizations_matching
from apps.organizations.services import organizations_import
from apps.tenants.models import Tenant
from apps.tenants.schemas import schemas_existing
from apps.tenants.selectors import tenant_by_slug

ACTOR = Actor.system("command")


class Command(BaseCommand):
    help = "A tenant's tree of organizations: tree, export, import."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        tree = commands.add_parser("tree", help="print it, indented")
        tree.add_argument("--archived", action="store_true", help="the archived ones, too")
        tree.add_argument("--json", action="store_true", help="for programs")
        commands.add_parser("export", help="as CSV, to the standard output")
        load = commands.add_parser("import", help="make what is missing, all of it or nothing")
        load.add_argument("file", help="a CSV file with the column path, or - to read it")
        load.add_argument("--dry-run", action="store_true", help="only say what would be made")
        for one in (tree, load, commands.choices["export"]):
            one.add_argument("--tenant", required=True, metavar="SLUG")

    def handle(self, *_args: Any, **options: Any) -> None:
        tenant = _tenant(options["tenant"])
        with tenant_context(tenant):
            if options["command"] == "tree":
                self._tree(archived=options["archived"], as_json=options["json"])
            elif options["command"] == "export":
                self.stdout.writelines(organization_csv_lines(organizations_for(ACTOR)))
            else:
                self._import(options["file"], dry_run=options["dry_run"])

    def _tree(self, *, archived: bool, as_json: bool) -> None:
        rows = organizations_matching(
            organizations_for(ACTOR), archived="include" if archived else "exclude"
        )
        if as_json:
            found = [
                {
                    "id": str(one.id),
                    "name": one.name,
                    "parent": str(one.parent_id) if one.parent_id else None,
                    "depth": one.depth,
                    "archived": one.is_archived,
                }
                for one in rows
            ]
            self.stdout.write(json.dumps(found, indent=2))
            return
        for one in rows:
            note = "  (archived)" if one.is_archived else ""
            self.stdout.write(f"{'  ' * (one.depth - 1)}{one.name}{note}")

    def _import(self, file: str, *, dry_run: bool) -> None:
        try:
            # The whole of it, so that a wrong line keeps the others back.
            rows = organization_csv_read(_read(file)).rows
            outcomes = organizations_import(actor=ACTOR, rows=rows, dry_run=dry_run)
        except PlatformError as error:
            lines = [f"{one.attr}: {one.detail}" for one in error.errors if one.attr != "file"]
            raise CommandError("\n".join([str(error.detail), *lines])) from error
        wrong = [one for one in outcomes if one.code]
        if wrong:
            raise CommandError("\n".join(f"line {one.line}: {one.detail}" for one in wrong))
        count = Counter(one.action for one in outcomes)
        verb = "would be created" if dry_run else "created"
        self.stdout.write(f"{count['create']} {verb}, {count['keep']} there already")


def _tenant(slug: str) -> Tenant:
    tenant = tenant_by_slug(slug)
    if tenant is None or tenant.schema_name not in schemas_existing([tenant.schema_name]):
        raise CommandError(f"There is no tenant {slug}, or it has no schema.")
    return tenant


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with Path(file).open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
