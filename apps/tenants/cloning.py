"""The schema of a sandbox: a copy of another tenant's, with its people masked."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

from apps.common.errors import Conflict
from apps.tenants import masking
from apps.tenants.catalogue import COLUMNS_SQL
from apps.tenants.models import Tenant
from apps.tenants.schemas import schema_copy, schemas_outdated, unclonable
from apps.tenants.selectors import tenant_by_id

LOCK_TIMEOUT_MS = 10_000


def check_clonable(source: Tenant) -> None:
    """Raise Conflict, saying what to do, if a tenant cannot be copied as it is now."""
    if not source.is_ready:
        raise Conflict(
            _("Only a ready workspace can be copied; %(slug)s is %(status)s.")
            % {"slug": source.slug, "status": str(source.get_status_display()).lower()},
            code="source_not_ready",
        )
    if schemas_outdated([source.schema_name]):
        raise Conflict(
            _("%s lacks migrations of this release. Run manage.py migrate_tenants first.")
            % source.slug,
            code="source_outdated",
        )
    odd = unclonable(source.schema_name)
    if odd:
        raise Conflict(
            _("%(slug)s holds objects that cannot be copied: %(names)s.")
            % {"slug": source.slug, "names": ", ".join(sorted(odd))},
            code="source_not_clonable",
        )


def sandbox_schema_create(tenant: Tenant) -> None:
    """Create a sandbox's schema with the rows of its source, all of one moment. Files are not copied.

    Call in a transaction. Takes ACCESS SHARE locks on the source's tables: its migrations wait. Raises
    Conflict (gone, or not fit to be copied), OperationalError when it is being migrated.
    """
    source = tenant_by_id(tenant.cloned_from_id) if tenant.cloned_from_id else None
    if source is None:
        raise Conflict(_("The workspace to copy does not exist any more."), code="source_gone")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_TIMEOUT_MS}ms"])
        cursor.execute(COLUMNS_SQL, {"schema": source.schema_name})
        tables = sorted({row[0] for row in cursor.fetchall()})
        schema = masking.quoted(source.schema_name)
        names = ", ".join(f"{schema}.{masking.quoted(table)}" for table in tables)
        cursor.execute(f"LOCK TABLE {names} IN ACCESS SHARE MODE")
        # A migration that only makes a new table is held by its mark alone.
        cursor.execute(f"LOCK TABLE {schema}.django_migrations IN SHARE MODE")
        check_clonable(source)
        cursor.execute(masking.SALT_SQL)
    rows = masking.copy_statement(source.schema_name, tenant.schema_name)
    schema_copy(tenant.schema_name, source.schema_name, rows)
