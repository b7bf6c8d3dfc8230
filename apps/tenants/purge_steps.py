"""What of a tenant is deleted, in which order. Apps above add the rows of their shared tables."""

from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from apps.common.files import tenant_files
from apps.common.tenancy import tenant_context
from apps.events.enums import HandlingState
from apps.events.models import DeadTask, Handling, OutboxEvent
from apps.tenants import purging
from apps.tenants.catalogue import RELATIONS
from apps.tenants.enums import ExportStatus as E
from apps.tenants.masking import quoted
from apps.tenants.models import AgendaEntry, Domain, Export, Tenant, TenantEvent
from apps.tenants.purging import PurgeStep, rows_step
from apps.tenants.roles import tenant_role_drop, tenant_roles_missing
from apps.tenants.schemas import schema_drop, schemas_existing
from apps.tenants.services.exports import UNFINISHED

BATCH_FILES = 200
# Dropping a table takes a lock for it, each of its indexes, and the tables that point at it.
TABLES_AT_ONCE = 5


def _exports_stop(tenant: Tenant) -> bool:
    """Their workers notice at the next beat."""
    now = timezone.now()
    Export.objects.filter(tenant=tenant, status__in=UNFINISHED).update(
        status=E.FAILED, error="The workspace is being deleted.", finished_at=now, updated_at=now
    )
    return True


def _files(tenant: Tenant) -> bool:
    with tenant_context(tenant):
        return tenant_files.delete_some(BATCH_FILES) == 0


def _files_preview(tenant: Tenant) -> dict[str, Any]:
    with tenant_context(tenant):
        sizes = [tenant_files.size(name) for name in tenant_files.walk()]
    return {"files": len(sizes), "file_bytes": sum(sizes)}


def _table_names(tenant: Tenant, limit: int | None = None) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT c.relname FROM {RELATIONS} AND c.relkind IN ('r', 'p') ORDER BY 1 LIMIT %(limit)s",  # noqa: S608 - a constant
            {"schema": quoted(tenant.schema_name), "limit": limit},
        )
        return [name for (name,) in cursor.fetchall()]


def _tables(tenant: Tenant) -> bool:
    """Waits for an export that is being written, which has them locked."""
    names = _table_names(tenant, TABLES_AT_ONCE)
    if not names:
        return True
    schema = quoted(tenant.schema_name)
    listed = ", ".join(f"{schema}.{quoted(name)}" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {listed} CASCADE")
    return False


def _tables_preview(tenant: Tenant) -> dict[str, Any]:
    counts = {}
    schema = quoted(tenant.schema_name)
    with connection.cursor() as cursor:
        for name in _table_names(tenant):
            cursor.execute(f"SELECT count(*) FROM {schema}.{quoted(name)}")  # noqa: S608 - quoted
            counts[name] = cursor.fetchone()[0]
    return {"tables": counts}


def _schema(tenant: Tenant) -> bool:
    schema_drop(tenant.schema_name)
    return True


def _schema_preview(tenant: Tenant) -> dict[str, Any]:
    there = tenant.schema_name in schemas_existing([tenant.schema_name])
    return {"schema": tenant.schema_name if there else None}


def _role(tenant: Tenant) -> bool:
    tenant_role_drop(tenant.schema_name)
    return True


def _role_preview(tenant: Tenant) -> dict[str, Any]:
    missing = tenant_roles_missing([tenant.schema_name])
    return {"role": None if missing else tenant.schema_name}


def _domains_preview(tenant: Tenant) -> dict[str, Any]:
    return {
        "domains": sorted(Domain.objects.filter(tenant=tenant).values_list("domain", flat=True))
    }


def _events(tenant: Tenant) -> bool:
    """What happened to it and is settled, and what nobody dealt with. The rest the outbox prunes later."""
    open_handlings = Handling.objects.filter(event=OuterRef("pk"), state=HandlingState.PENDING)
    settled = OutboxEvent.objects.filter(
        ~Exists(open_handlings), tenant_id=tenant.id, dispatched_at__isnull=False
    )
    batch = list(settled.values_list("id", flat=True)[: purging.BATCH_ROWS])
    Handling.objects.filter(event_id__in=batch).delete()
    OutboxEvent.objects.filter(id__in=batch).delete()
    return len(batch) < purging.BATCH_ROWS


def _events_preview(tenant: Tenant) -> dict[str, Any]:
    return {"events": OutboxEvent.objects.filter(tenant_id=tenant.id).count()}


_DOMAINS = rows_step("domains", "Addresses", 80, Domain)
STEPS = (
    PurgeStep("exports_stop", "Exports under way", 10, _exports_stop),
    PurgeStep("files", "Files", 20, _files, _files_preview, outside=True),
    PurgeStep("tables", "Tables", 30, _tables, _tables_preview),
    PurgeStep("schema", "Database schema", 40, _schema, _schema_preview),
    PurgeStep("role", "Database role", 50, _role, _role_preview),
    PurgeStep("events", "Events", 70, _events, _events_preview),
    rows_step("agenda", "Work that is due", 71, AgendaEntry),
    rows_step("dead_tasks", "Dead tasks", 72, DeadTask),
    rows_step("history", "History", 75, TenantEvent),
    PurgeStep("domains", _DOMAINS.label, _DOMAINS.order, _DOMAINS.run, _domains_preview),
    rows_step("exports", "Exports", 85, Export),
    # What an export put there while the files were being deleted: since the tables went, there is none.
    PurgeStep("files_late", "Files that came late", 90, _files, outside=True),
)
