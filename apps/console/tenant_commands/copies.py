"""export, clone."""

import shutil
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from apps.accounts.selectors import person_by_email, person_by_id
from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.console.tenant_commands import base
from apps.console.tenant_commands.base import ACTOR, Subcommand
from apps.console.tenant_commands.life import settle
from apps.tenants import services
from apps.tenants.enums import ExportStatus, TenantStatus
from apps.tenants.exports.jobs import export_run
from apps.tenants.models import Export as ExportModel
from apps.tenants.services.exports import UNFINISHED, is_exportable

POLL_S = 0.3


class Export(Subcommand):
    name = "export"
    help = "write everything of a workspace into one archive"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument(
            "--output", metavar="FILE", type=Path, help="put a copy of the archive there"
        )

    def run(self, options: dict[str, Any]) -> None:
        tenant, output = self.tenant(options), options["output"]
        if output is not None:
            _check_free(output)
        export = services.export_request(actor=ACTOR, tenant_id=tenant.id)
        with self._progress(f"Exporting {tenant.slug}") as show:
            _settle(export, show)
        if export.status != ExportStatus.READY:
            raise CommandError(f"The export failed. {export.error}")
        if output is not None:
            try:
                self._copy(export, output)
            except OSError as error:
                raise CommandError(f"The archive is kept, but not copied: {error}") from error
        self._print(export, options)

    def _copy(self, export: ExportModel, output: Path) -> None:
        """For the eyes of who runs this only, and never over another file."""
        with tenant_context(export.tenant), tenant_files.open(export.file) as archive:
            output.touch(mode=0o600, exist_ok=False)
            with output.open("wb") as target:
                shutil.copyfileobj(archive, target, 1024 * 1024)

    def _print(self, export: ExportModel, options: dict[str, Any]) -> None:
        found = {
            "id": str(export.id),
            "status": str(export.status),
            "file": export.file,
            "output": str(options["output"]) if options["output"] else None,
            "size_bytes": export.size_bytes,
            "sha256": export.sha256,
            "expires_at": base.time(export.expires_at),
        }
        if options["json"]:
            self.print_json(found)
            return
        for name, value in found.items():
            self.stdout.write(f"{name:<18} {'-' if value is None else value}")

    @contextmanager
    def _progress(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """A bar on a terminal; elsewhere nothing, because the result says it all."""
        if not sys.stderr.isatty():
            yield lambda _done, _total: None
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total or None)


class Clone(Subcommand):
    name = "clone"
    help = "copy a workspace to a sandbox, its people masked"

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("slug", metavar="SOURCE")
        parser.add_argument("new_slug", metavar="NEW_SLUG")
        parser.add_argument("--name", help="of the copy; default: the source's and “sandbox”")
        parser.add_argument(
            "--owner-email",
            help="of its only member, who has an account; default: the source's owner",
        )
        parser.add_argument(
            "--wait", action="store_true", help="provision here and now instead of in a worker"
        )

    def run(self, options: dict[str, Any]) -> None:
        source = self.tenant(options)
        email = options["owner_email"]
        owner = person_by_email(email) if email else person_by_id(source.owner_person_id)
        if owner is None:
            who = f"with {email}" if email else f"who owns {source.slug}"
            raise CommandError(f"There is no account {who}. Name one with --owner-email.")
        clone = services.tenant_clone(
            actor=ACTOR,
            tenant_id=source.id,
            slug=options["new_slug"],
            name=options["name"] or f"{source.name[:90]} sandbox",
            owner_person_id=owner.id,
        )
        if options["wait"]:
            settle(clone)
        self.print_tenant(clone, options)
        if clone.status == TenantStatus.FAILED:
            raise CommandError(f"Provisioning failed: {clone.status_reason}")


def _check_free(output: Path) -> None:
    """Before the work is done, not after."""
    try:
        if output.exists():
            raise CommandError(f"{output} exists already.")
    except OSError as error:
        raise CommandError(str(error)) from error
    if not output.parent.is_dir():
        raise CommandError(f"There is no folder {output.parent}.")


def _settle(export: ExportModel, show: Callable[[int, int], None]) -> None:
    """Make it here; a worker may have been quicker, so watch whoever is first."""
    while export.status in UNFINISHED:
        export_run(export.id, show)
        found = ExportModel.objects.select_related("tenant").filter(id=export.id).first()
        if found is None or not is_exportable(found.tenant):
            raise CommandError(
                "The workspace is being deleted: there is nothing to export any more."
            )
        export.refresh_from_db()
        if export.status in UNFINISHED:
            show(export.tables_done, export.tables_total)
            time.sleep(POLL_S)


COMMANDS: tuple[type[Subcommand], ...] = (Export, Clone)
