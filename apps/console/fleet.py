"""Runs of migrate_tenants: how far each came, and what failed. Runs are begun by the command alone."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, IntegerField, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.console import rendering as r
from apps.console.events import tenant_link
from apps.console.pages import Cell, ConsolePage, Facts, Section, Table, Text
from apps.tenants.enums import MigrationStatus as S
from apps.tenants.fleet.lock import run_is_held
from apps.tenants.fleet.manifest import NO_TENANT, run_open
from apps.tenants.fleet.progress import wave_name
from apps.tenants.fleet.report import RESUME, wave_counts
from apps.tenants.models import MigrationRun, MigrationTarget, Tenant

FAILED_SHOWN = 100
ERRORS_SHOWN = 10
TONES = {S.RUNNING: "info", S.DONE: "good", S.FAILED: "bad", S.ABANDONED: "quiet"}


class MigrationRunAdmin(ConsolePage):
    empty_text = "Each release that changes tenants’ tables leaves a run here."
    list_display = ("started", "state", "progress", "failed", "took", "version_short", "actor")
    list_display_links = ("started",)
    list_filter = ("status", "created_at")
    search_fields = ("actor", "targets__schema_name")
    search_help_text = "Schema, or who ran it"
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MigrationRun]:
        """With the numbers of its targets."""
        found: QuerySet[MigrationRun] = super().get_queryset(request)
        return found.annotate(
            total=_targets(),
            done=_targets(status=S.DONE),
            failures=_targets(status=S.FAILED),
        )

    @display(description="Started", ordering="created_at")
    def started(self, run: MigrationRun) -> str:
        return r.exact(run.created_at)

    @display(description="State", ordering="status")
    def state(self, run: MigrationRun) -> SafeString:
        return run_badge(run)

    @display(description="Schemas")
    def progress(self, run: Any) -> str:
        return f"{run.done:,} of {run.total:,}"

    @display(description="Failed", ordering="failures")
    def failed(self, run: Any) -> Cell:
        return f"{run.failures:,}" if run.failures else r.NONE

    @display(description="Took")
    def took(self, run: MigrationRun) -> Cell:
        return duration(run)

    @display(description="Version", ordering="version")
    def version_short(self, run: MigrationRun) -> SafeString:
        return r.code(run.version[:8])

    def title(self, obj: MigrationRun) -> str:
        return f"Migration of {r.exact(obj.created_at)}"

    def subtitle(self, obj: Any) -> str:
        return f"{obj.done:,} of {obj.total:,} schemas"

    def badges(self, obj: MigrationRun) -> Sequence[SafeString]:
        return (run_badge(obj),)

    def sections(self, obj: Any) -> Sequence[Section]:
        failed = list(obj.targets.filter(status=S.FAILED)[:FAILED_SHOWN])
        found: list[Section] = [self._facts(obj), self._waves(obj)]
        if failed:
            found.append(self._failed(obj, failed))
        return [*found, *_errors(failed)]

    def _facts(self, run: Any) -> Facts:
        rows: list[tuple[str, Cell]] = [
            ("Started", r.when(run.created_at)),
            ("Finished", r.when(run.finished_at)),
            ("Took", duration(run)),
            ("By", run.actor),
            ("Canaries wanted", run.canaries),
            ("Version to reach", r.code(run.version)),
            ("Id", r.code(run.pk)),
        ]
        if advice := _advice(run):
            rows.insert(0, ("What to do", advice))
        return Facts("Facts", rows)

    def _waves(self, run: MigrationRun) -> Table:
        waves = wave_counts(run).annotate(slowest=Max("duration_ms"), ended=Max("finished_at"))
        columns: list[tuple[str, Callable[[Any], Cell]]] = [
            ("Wave", lambda wave: wave_name(wave["wave"]).capitalize()),
            ("Schemas", lambda wave: _count(wave["total"])),
            ("Done", lambda wave: _count(wave["done"])),
            ("Failed", lambda wave: _count(wave["failed"])),
            ("Not begun", lambda wave: _count(wave["total"] - wave["done"] - wave["failed"])),
            ("Slowest", lambda wave: f"{wave['slowest']:,} ms" if wave["slowest"] else r.NONE),
            ("Ended", lambda wave: r.when(wave["ended"])),
        ]
        if any(wave["gone"] for wave in waves):
            columns.insert(3, ("Deleted meanwhile", lambda wave: _count(wave["gone"])))
        return Table(
            "Waves",
            [title for title, _ in columns],
            [[cell(wave) for _, cell in columns] for wave in waves],
            empty="This run had nothing to do.",
        )

    def _failed(self, run: Any, failed: list[MigrationTarget]) -> Table:
        ids = [target.tenant_id for target in failed]
        slugs = dict(Tenant.objects.filter(id__in=ids).values_list("id", "slug"))
        more = run.failures - len(failed)
        return Table(
            "Failed",
            ("Tenant", "Schema", "Wave", "Attempts", "Error"),
            [
                (
                    "Template"
                    if target.tenant_id == NO_TENANT
                    else tenant_link(target.tenant_id, slugs.get(target.tenant_id)),
                    r.code(target.schema_name),
                    wave_name(target.wave).capitalize(),
                    target.attempts,
                    _first_line(target.error),
                )
                for target in failed
            ],
            empty="",
            more=f"And {more:,} more." if more > 0 else "",
        )


def run_badge(run: MigrationRun) -> SafeString:
    if run.status == S.RUNNING and not run_is_held():
        return r.badge("Interrupted", "warn")
    return r.badge(run.get_status_display(), TONES[S(run.status)])


def duration(run: MigrationRun) -> Cell:
    """From the start to the end, with the time until a --resume in it."""
    if run.finished_at is None:
        return r.NONE
    took = run.finished_at - run.created_at
    if took < timedelta(minutes=1):
        return f"{took.total_seconds():.1f} s"
    minutes, seconds = divmod(round(took.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def _targets(**filters: object) -> Coalesce:
    counted = (
        MigrationTarget.objects.filter(run=OuterRef("pk"), **filters)
        .order_by()
        .values("run")
        .annotate(count=Count("id"))
        .values("count")
    )
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _advice(run: MigrationRun) -> SafeString | None:
    """Of the last run only: that is the one which --resume goes on with."""
    if run != run_open():
        return None
    if run.status == S.FAILED:
        return format_html("Mend what failed, then run {}", r.code(RESUME))
    if not run_is_held():
        return format_html("Nothing is half done. Go on with {}", r.code(RESUME))
    return None


def _errors(failed: list[MigrationTarget]) -> list[Text]:
    """Where an error has more than the line in the table: a traceback, PostgreSQL's context."""
    long = [target for target in failed if "\n" in target.error]
    return [Text(f"Error of {target.schema_name}", target.error) for target in long[:ERRORS_SHOWN]]


def _first_line(error: str) -> str:
    return error.partition("\n")[0]


def _count(number: int) -> Cell:
    return f"{number:,}" if number else r.NONE
