"""Parts of a tenant's page about its copies and its end."""

from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from apps.console import rendering as r
from apps.console.pages import Cell, Steps, Table
from apps.tenants.exports.selectors import percent
from apps.tenants.models import Export, Tenant
from apps.tenants.purging import purge_progress
from apps.tenants.services.exports import UNFINISHED

EXPORT_TONES = {
    "queued": "info",
    "running": "info",
    "ready": "good",
    "failed": "bad",
    "expired": "quiet",
}
SHOWN = 10


def sandbox_badges(tenant: Tenant) -> list[SafeString]:
    """That a tenant is a masked copy, and of which; nothing for others."""
    if not tenant.is_sandbox:
        return []
    source = _source(tenant)
    return [r.badge(f"Sandbox copy of {source.slug}" if source else "Sandbox copy", "warn")]


def copy_facts(tenant: Tenant) -> list[tuple[str, Cell]]:
    """What a tenant is a copy of, and which sandboxes are copies of it."""
    found: list[tuple[str, Cell]] = []
    if tenant.is_sandbox:
        source = _source(tenant)
        found.append(("Copy of", r.link_to(source) if source else "A tenant that is gone"))
    copies = Tenant.objects.filter(cloned_from_id=tenant.pk).order_by("slug")[:SHOWN]
    if copies:
        links = format_html_join(", ", "{}", ((r.link_to(copy),) for copy in copies))
        found.append(("Sandbox copies", links))
    return found


def deletion(tenant: Tenant) -> list[Steps]:
    """How far a deletion is that has begun; nothing before that."""
    if tenant.purge_started_at is None:
        return []
    progress = purge_progress(tenant)
    rows: list[tuple[str, Cell]] = [("Began", r.when(tenant.purge_started_at))]
    if tenant.attempts:
        rows.append(("Failed attempts", tenant.attempts))
        rows.append(("Next attempt", r.when(tenant.next_attempt_at)))
    note = f"{progress.done} of {progress.total} steps done. There is no way back."
    return [Steps("Deletion", progress.steps, note=note, rows=rows)]


def _source(tenant: Tenant) -> Tenant | None:
    return (
        Tenant.objects.filter(pk=tenant.cloned_from_id).first() if tenant.cloned_from_id else None
    )


def exports(tenant: Tenant) -> Table:
    return Table(
        "Exports",
        ("Asked for", "By", "State", "Size", "Kept until", "Error"),
        [
            (
                r.when(export.created_at),
                export.requested_by,
                r.badge(_state(export), EXPORT_TONES[export.status]),
                filesizeformat(export.size_bytes) if export.size_bytes else r.NONE,
                r.when(export.expires_at),
                export.error or r.NONE,
            )
            for export in tenant.exports.all()[:SHOWN]
        ],
        empty="Nobody has exported this workspace. Only its owners can download archives.",
    )


def _state(export: Export) -> str:
    label = str(export.get_status_display())
    return f"{label}, {percent(export)} %" if export.status in UNFINISHED else label
