"""`manage.py audit`: check the chains, check an archive, write entries to a file, show the public keys."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.audit.chains import chain_of
from apps.audit.exporting import CONTENT_TYPES, export_lines
from apps.audit.selectors import Filters
from apps.common.database import system_connection
from apps.tenants.models import Tenant
from apps.tenants.selectors import tenant_by_slug, tenants_with_schema
from apps.trail.archives import NotAnArchive, archive_verify
from apps.trail.chains import PLATFORM, PLATFORM_CHAIN, Chain
from apps.trail.signing import key_id, public_keys
from apps.trail.verifying import Report, chain_verify

BROKEN = 1


class Command(BaseCommand):
    help = "Proves that the audit log is whole, and writes it to files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        verify = commands.add_parser(
            "verify", help="find the first broken link; exits with 1 where there is one"
        )
        which = verify.add_mutually_exclusive_group()
        which.add_argument(
            "--tenant", metavar="SLUG", help=f"one chain; {PLATFORM}: the platform's own"
        )
        which.add_argument("--archive", metavar="FILE", type=Path, help="an archived segment")
        verify.add_argument(
            "--public-key",
            metavar="HEX",
            help="with --archive: what it has to be signed with (default: this installation's keys)",
        )
        verify.add_argument("--json", action="store_true", help="for programs")
        export = commands.add_parser("export", help="write entries to the standard output")
        export.add_argument("--tenant", metavar="SLUG", required=True, help=f"or {PLATFORM}")
        export.add_argument("--format", choices=list(CONTENT_TYPES), default="ndjson")
        commands.add_parser("key", help="the public keys, for who checks archives elsewhere")

    def handle(self, *_args: Any, **options: Any) -> None:
        getattr(self, options["command"])(options)

    def verify(self, options: dict[str, Any]) -> None:
        if options["archive"]:
            reports = [self._archive(options["archive"], options["public_key"])]
        else:
            reports = [chain_verify(chain) for chain in self._chains(options["tenant"])]
        if options["json"]:
            found = [one.as_json() for one in reports]
            self.stdout.write(json.dumps(found, indent=2))
        else:
            for report in reports:
                self.stdout.write(_line(report))
        if not all(one.is_whole for one in reports):
            sys.exit(BROKEN)

    def export(self, options: dict[str, Any]) -> None:
        (chain,) = self._chains(options["tenant"])
        with system_connection():
            for block in export_lines(chain.tenant, Filters(), options["format"]):
                self.stdout.write(block.decode(), ending="")

    def key(self, _options: dict[str, Any]) -> None:
        for name, public in public_keys().items():
            self.stdout.write(f"{name} {public.hex()}")

    def _archive(self, path: Path, public_key: str | None) -> Report:
        keys = public_keys()
        if public_key:
            try:
                raw = bytes.fromhex(public_key)
            except ValueError:
                raw = b""
            if len(raw) != 32:
                raise CommandError("A public key is 64 hexadecimal digits.")
            keys = {key_id(raw): raw}
        try:
            with path.open("rb") as file:
                return archive_verify(file, keys)
        except (OSError, NotAnArchive) as error:
            raise CommandError(str(error)) from error

    def _chains(self, slug: str | None) -> list[Chain]:
        if slug == PLATFORM:
            return [PLATFORM_CHAIN]
        with system_connection():
            if slug is None:
                tenants = tenants_with_schema().order_by("slug")
                return [PLATFORM_CHAIN, *(chain_of(tenant) for tenant in tenants)]
            tenant: Tenant | None = tenant_by_slug(slug)
        if tenant is None:
            raise CommandError(f"There is no tenant {slug}.")
        return [chain_of(tenant)]


def _line(report: Report) -> str:
    if report.problem:
        one = report.problem
        return f"{report.chain}: BROKEN at entry {one.seq} ({one.kind}): {one.detail}"
    return (
        f"{report.chain}: whole, {report.entries} entries up to {report.last_seq}, "
        f"{report.segments} archived segments, {report.checkpoints} checkpoints, "
        f"{report.erased_parts} parts erased"
        + (
            f", {report.unknown_keys} signatures by keys not known here"
            if report.unknown_keys
            else ""
        )
    )
