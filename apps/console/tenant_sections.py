"""Parts of a tenant's page about its copies."""

from django.template.defaultfilters import filesizeformat

from apps.console import rendering as r
from apps.console.pages import Table
from apps.tenants.exports.selectors import percent
from apps.tenants.models import Export, Tenant
from apps.tenants.services.exports import UNFINISHED

EXPORT_TONES = {
    "queued": "info",
    "running": "info",
    "ready": "good",
    "failed": "bad",
    "expired": "quiet",
}
SHOWN = 10


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
